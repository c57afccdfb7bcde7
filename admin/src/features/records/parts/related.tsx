import { Anchor, Button, Group, Loader, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAppSchema } from "../../../api/app-schema";
import { useAt } from "../../../api/moment";
import { kindOf } from "../../../fields/registry";
import { type Entity, idOf, labelField, labelOf, type Relation, type Row } from "../../../model/schema";
import { Failed } from "../../../ui/failed";
import { LinkButton } from "../../../ui/link-button";
import { relatedQuery } from "../queries";
import { ChildrenEditor } from "./children-editor";

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
  const at = useAt();
  const related = useQuery(relatedQuery(app, entity, id, relation, at));
  const [editing, setEditing] = useState(false);
  if (related.error) return <Failed error={related.error} retry={() => void related.refetch()} />;
  if (!target || !related.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  const { rows, etag } = related.data;
  const may = at === undefined && relation.nested && entity.actions.includes("update");
  if (editing) return <ChildrenEditor key={etag} app={app} entity={entity} id={id} relation={relation} rows={rows} etag={etag} onDone={() => setEditing(false)} />;
  const label = labelField(target);
  const fields = target.fields
    .filter((field) => field.read && field.name !== label && field.name !== relation.target_key && field.type !== "json")
    .filter((field) => !target.primary_key.fields.includes(field.name))
    .slice(0, SHOWN_FIELDS);
  return (
    <>
      {rows.length === 0 ? (
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
              {rows.map((each) => (
                <Table.Tr key={idOf(target, each)}>
                  <Table.Td>
                    <Anchor size="sm" component={Link} to={`/${app}/records/${target.name}/${encodeURIComponent(idOf(target, each))}`}>
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
      <Group mt="xs">
        {may && !relation.joined && (
          <Button size="compact-sm" variant="default" onClick={() => setEditing(true)}>
            {t("children.open")}
          </Button>
        )}
        {!relation.joined && (
          <LinkButton
            to="/$app/records/$entity"
            params={{ app, entity: target.name }}
            search={{ where: [{ field: relation.target_key, op: "eq", value: String(row[relation.source_key]) }] }}
            size="compact-sm"
            variant="subtle"
          >
            {t("related.all")}
          </LinkButton>
        )}
      </Group>
    </>
  );
}
