import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { type Entity, idOf, labelField, type Relation, type Row } from "../../../model/schema";
import { columnsOf } from "./columns";

interface Props {
  app: string;
  target: Entity;
  relation: Relation;
  rows: Row[];
}

const SHOWN_FIELDS = 6;

/** Related records as a small table: named first, and with the names of what they refer to. */
export function RelatedTable({ app, target, relation, rows }: Props) {
  const { t } = useTranslation();
  const schema = useAppSchema(app);
  const label = labelField(target);
  const others = target.fields.filter((field) => field.read && field.name !== label && field.name !== relation.target_key && field.type !== "json");
  const named = others.filter((field) => !target.primary_key.fields.includes(field.name)).map((field) => field.name);
  const columns = columnsOf(schema, target, [label, ...named].slice(0, SHOWN_FIELDS), {}, t);
  if (rows.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        {t("related.none")}
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={columns.length * 110}>
      <Table aria-label={relation.name}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.id}>{column.label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={idOf(target, row)}>
              {columns.map((column, at) => (
                <Table.Td key={column.id} ta={column.align === "end" ? "end" : "start"}>
                  {at === 0 ? (
                    <Anchor size="sm" component={Link} to={`/${app}/records/${target.name}/${encodeURIComponent(idOf(target, row))}`}>
                      {row[column.id] === null || row[column.id] === undefined ? idOf(target, row) : column.cell(row)}
                    </Anchor>
                  ) : (
                    column.cell(row)
                  )}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
