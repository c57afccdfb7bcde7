import { Anchor, Group, Loader, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { keys, useAppSchema } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { kindOf } from "../../../fields/registry";
import { type Entity, idOf, labelField, labelOf, type Relation, type Row } from "../../../model/schema";
import { Failed } from "../../../ui/failed";
import { LinkButton } from "../../../ui/link-button";
import { recordPath } from "../queries";

const SHOWN_FIELDS = 5;

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  relation: Relation;
}

/** The records at the other end of a relation of this record. */
export function Related({ app, entity, id, row, relation }: Props) {
  const { t } = useTranslation();
  const target = useAppSchema(app).entities.find((each) => each.name === relation.target);
  const related = useQuery({
    queryKey: [...keys.records(app, relation.target), "related", entity.name, id, relation.name],
    queryFn: async ({ signal }) => {
      const reply = await request<Row>(app, "GET", recordPath(entity, id), { signal, query: { include: relation.name } });
      const found = reply.data[relation.name];
      return (Array.isArray(found) ? found : found ? [found] : []) as Row[];
    },
  });
  if (related.error) return <Failed error={related.error} retry={() => void related.refetch()} />;
  if (!target || !related.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  const label = labelField(target);
  const fields = target.fields
    .filter((field) => field.read && field.name !== label && field.name !== relation.target_key && field.type !== "json")
    .filter((field) => !target.primary_key.fields.includes(field.name))
    .slice(0, SHOWN_FIELDS);
  return (
    <>
      {related.data.length === 0 ? (
        <Text c="dimmed" size="sm">
          {t("related.none")}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={400}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{label}</Table.Th>
                {fields.map((field) => (
                  <Table.Th key={field.name}>{field.name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {related.data.map((each) => (
                <Table.Tr key={idOf(target, each)}>
                  <Table.Td>
                    <Anchor component={Link} to={`/${app}/records/${target.name}/${encodeURIComponent(idOf(target, each))}`}>
                      {labelOf(target, each)}
                    </Anchor>
                  </Table.Td>
                  {fields.map((field) => (
                    <Table.Td key={field.name}>
                      {each[field.name] === null || each[field.name] === undefined ? "–" : kindOf(field).cell(each[field.name], field)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {!relation.joined && (
        <Group mt="xs">
          <LinkButton
            to="/$app/records/$entity"
            params={{ app, entity: target.name }}
            search={{ where: [{ field: relation.target_key, op: "eq", value: String(row[relation.source_key]) }] }}
            size="compact-sm"
            variant="subtle"
          >
            {t("related.all")}
          </LinkButton>
        </Group>
      )}
    </>
  );
}
