import { Anchor, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { kindOf as fieldKind } from "../../fields/registry";
import { groupValue, shapeOf, valueOf } from "../../model/board-figures";
import { partOf } from "../../model/board-times";
import { kindOf } from "../../model/dashboards";
import { type Row, idOf } from "../../model/schema";
import { useDrill } from "./drill";
import type { ShownProps } from "./props";
import { figureWord, groupWord, valueWord } from "./words";

interface Column {
  label: string;
  isNumber?: boolean;
  cell: (row: Row) => ReactNode;
}

/** Records, or groups with their figures. */
export function TableOf(props: ShownProps) {
  return kindOf(props.widget.query) === "records" ? <Records {...props} /> : <Groups {...props} />;
}

function Records({ app, widget, answer }: ShownProps) {
  const entity = useAppSchema(app).entities.find((each) => each.name === widget.query.entity);
  const all = widget.query.fields ?? [];
  const key = entity?.primary_key.fields ?? [];
  const hasKey = key.length > 0 && key.every((name) => all.includes(name));
  // The key says nothing to people; it only leads to the record.
  const names = hasKey && all.length > key.length && entity?.primary_key.type === "uuid" ? all.filter((name) => !key.includes(name)) : all;
  const columns = names.map((name, at): Column => {
    const field = entity?.fields.find((each) => each.name === name);
    const shown = (row: Row) => (row[name] === null || row[name] === undefined ? "–" : field ? fieldKind(field).cell(row[name], field) : String(row[name]));
    const cell = (row: Row) =>
      hasKey && entity && at === 0 ? (
        <Anchor component={Link} inherit to={`/${app}/records/${entity.name}/${encodeURIComponent(idOf(entity, row))}`}>
          {shown(row)}
        </Anchor>
      ) : (
        shown(row)
      );
    return { label: name, isNumber: field !== undefined && fieldKind(field).align === "end", cell };
  });
  return <Rows title={widget.title} columns={columns} rows={answer.data ?? []} />;
}

function Groups({ app, widget, answer }: ShownProps) {
  const { t } = useTranslation();
  const drill = useDrill(app, widget, answer);
  const { groups, figures } = shapeOf(widget.query);
  const isKpi = widget.query.kpi !== undefined;
  const linked = (row: Row, text: string) => {
    const target = drill(row);
    return target ? (
      <Anchor component={Link} inherit to={target.to} search={target.search as never}>
        {text}
      </Anchor>
    ) : (
      text
    );
  };
  const columns: Column[] = [
    ...groups.map((group, at): Column => {
      const word = (row: Row) => groupWord(t, groupValue(row, group), group === "at" ? "day" : partOf(group));
      return { label: isKpi ? t(`board.kpiFigure.${group}`) : group, cell: (row) => (at === 0 ? linked(row, word(row)) : word(row)) };
    }),
    ...figures.map((figure): Column => ({ label: figureWord(t, figure), isNumber: true, cell: (row) => (groups.length === 0 ? linked(row, valueWord(valueOf(row, figure), figure)) : valueWord(valueOf(row, figure), figure)) })),
  ];
  return <Rows title={widget.title} columns={columns} rows={answer.data ?? []} />;
}

function Rows({ title, columns, rows }: { title: string; columns: Column[]; rows: Row[] }) {
  return (
    <Table fz="sm" aria-label={title} verticalSpacing={4} horizontalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column.label} ta={column.isNumber ? "end" : "start"}>
              {column.label}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row, at) => (
          <Table.Tr key={at}>
            {columns.map((column) => (
              <Table.Td key={column.label} ta={column.isNumber ? "end" : "start"}>
                {column.cell(row)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
