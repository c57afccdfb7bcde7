import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { type Showing, sightOf } from "../../../model/masks";
import type { Row } from "../../../model/schema";
import { definitionQuery } from "../queries";
import { RecordPicker } from "./record-picker";
import { useScope } from "./scope";

const asText = (value: unknown) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What somebody with this policy alone would see of a stored record. */
export function MaskSample() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const [id, setId] = useState<string | null>(null);
  const [row, setRow] = useState<Row>();
  const name = String(document["entity"]);
  const entity = useAppSchema(app).entities.find((each) => each.name === name);
  const definition = useQuery({ ...definitionQuery(app, "entities", name), enabled: row !== undefined });
  const fields = ((definition.data?.data["definition"] as { fields?: { name: string; pii?: boolean }[] } | undefined)?.fields ?? []);
  const personal = new Set(fields.filter((field) => field.pii).map((field) => field.name));
  const pick = (next: string | null, found: Row | undefined) => {
    setId(next);
    setRow(found);
  };
  return (
    <Stack gap="xs" component="section" aria-label={t("sample.title")}>
      <RecordPicker app={app} entity={name} label={t("sample.title")} placeholder={t("sample.pick")} value={id} onChange={pick} />
      {row && entity && (
        <>
          <Text size="sm" c="dimmed">
            {t("sample.help")}
          </Text>
          <Table fz="sm" aria-label={t("sample.title")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("key.field")}</Table.Th>
                <Table.Th>{t("sample.stored")}</Table.Th>
                <Table.Th>{t("sample.shown")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {entity.fields.map((field) => {
                const sight = sightOf(document as Showing, { name: field.name, pii: personal.has(field.name), isKey: entity.primary_key.fields.includes(field.name) }, row[field.name]);
                return (
                  <Table.Tr key={field.name}>
                    <Table.Th scope="row">{field.name}</Table.Th>
                    <Table.Td>{asText(row[field.name])}</Table.Td>
                    <Table.Td>{"value" in sight ? asText(sight.value) : t(`sample.${sight.kind}`)}</Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Stack>
  );
}
