import { Anchor, Paper, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { keys, useAppSchema } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { asOf, useAt } from "../../../api/moment";
import { kindOf } from "../../../fields/registry";
import { type Entity, type Field, type Row, labelOf, referenceOf } from "../../../model/schema";
import type { Instance } from "../../../model/tasks";

const MAX_FIELDS = 12;

/** The record that an instance is about, as the caller may read it: its fields, references by name. */
export function RecordCard({ app, instance }: { app: string; instance: Instance }) {
  const entity = useAppSchema(app).entities.find((each) => each.name === instance.entity && each.actions.includes("read"));
  if (!entity || !instance.record_id) return null;
  return <Card app={app} entity={entity} id={instance.record_id} />;
}

function Card({ app, entity, id }: { app: string; entity: Entity; id: string }) {
  const { t } = useTranslation();
  const at = useAt();
  const found = useQuery({
    queryKey: [...keys.records(app, entity.name), "card", id, at ?? "now"],
    queryFn: ({ signal }) => request<Row>(app, "GET", `/${entity.name}/${encodeURIComponent(id)}`, { signal, query: asOf(at) }).then((reply) => reply.data),
    retry: false,
    meta: { shown: true },
  });
  if (found.error) return <Text size="sm" c="dimmed">{t("tasks.recordGone")}</Text>;
  if (!found.data) return null;
  const row = found.data;
  const hidden = new Set([...entity.primary_key.fields, "deleted_at"]);
  const fields = entity.fields.filter((field) => field.read && !hidden.has(field.name)).slice(0, MAX_FIELDS);
  return (
    <Paper withBorder p="sm" component="section" aria-label={t("tasks.record")}>
      <Anchor component={Link} to={`/${app}/records/${entity.name}/${encodeURIComponent(id)}`} fw={600}>
        {labelOf(entity, row)}
      </Anchor>
      <Text size="xs" c="dimmed">
        {entity.name}
      </Text>
      <Table fz="sm" variant="vertical" aria-label={t("tasks.record")}>
        <Table.Tbody>
          {fields.map((field) => (
            <Table.Tr key={field.name}>
              <Table.Th w={140}>{field.name}</Table.Th>
              <Table.Td className="rk-break">
                <Value app={app} entity={entity} field={field} value={row[field.name]} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Value({ app, entity, field, value }: { app: string; entity: Entity; field: Field; value: unknown }) {
  const schema = useAppSchema(app);
  const relation = referenceOf(entity, field.name);
  const target = relation && schema.entities.find((each) => each.name === relation.source && each.actions.includes("read"));
  if (value === null || value === undefined) return "–";
  if (relation && target) return <Reference app={app} target={target} field={relation.source_key} value={String(value)} />;
  return kindOf(field).cell(value, field);
}

function Reference({ app, target, field, value }: { app: string; target: Entity; field: string; value: string }) {
  const found = useQuery({
    queryKey: [...keys.records(app, target.name), "by", field, value],
    queryFn: ({ signal }) => request<Row[]>(app, "GET", `/${target.name}`, { signal, query: { [`filter[${field}]`]: value, per_page: "1" } }).then((reply) => reply.data[0] ?? null),
  });
  return found.data ? labelOf(target, found.data) : value;
}
