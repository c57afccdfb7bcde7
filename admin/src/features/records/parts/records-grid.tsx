import type { ReactNode } from "react";
import { type TFunction, useTranslation } from "../../../words/translator";
import { isCellEditable } from "../../../fields/cell-input";
import { type ListState, moved, nextSort, toPage, toQuery } from "../../../model/filter";
import { type AppSchema, type Entity, idOf, labelOf, type Row } from "../../../model/schema";
import { type CellState, type Editing, Grid } from "../../../ui/grid/grid";
import type { LiveList } from "../live-list";
import { isCut } from "../queries";
import type { ListEdits } from "../use-edits";
import type { Selection } from "../use-selection";
import { CellEditor } from "./cell-editor";
import { columnsOf, defaultColumns } from "./columns";
import { wordOf } from "./value-words";

interface Props {
  app: string;
  schema: AppSchema;
  entity: Entity;
  state: ListState;
  rows: Row[];
  /** The fields of which long values were cut. */
  truncated: string[] | undefined;
  edits: ListEdits;
  live: LiveList;
  isEditing: boolean;
  mayEdit: boolean;
  selection: Selection | undefined;
  before: number | undefined;
  total: number | undefined;
  onChange: (part: Partial<ListState>) => void;
  empty: ReactNode;
}

/** The rows of the list, with the edits that wait shown in their cells. */
export function RecordsGrid(props: Props) {
  const { app, schema, entity, state, edits, live, selection, onChange } = props;
  const { t } = useTranslation();
  const key = (row: Row) => idOf(entity, row);
  const rows = edits.edits.size === 0 ? props.rows : props.rows.map((row) => ({ ...row, ...edits.edits.get(key(row))?.values }));
  const columns = columnsOf(schema, entity, state.columns, state.widths ?? {}, t);
  const move = (column: string, place: string) => onChange({ columns: moved(state.columns ?? defaultColumns(entity), column, place) });
  return (
    <Grid<Row>
      label={entity.name}
      pageKey={`${toQuery(state).toString()} ${JSON.stringify(toPage(state.page))}`}
      columns={columns}
      rows={rows}
      rowKey={key}
      rowLink={(row) => `/${app}/records/${entity.name}/${encodeURIComponent(key(row))}`}
      rowMark={(row) => live.markOf(key(row))}
      sort={state.sort}
      onSort={(field) => onChange({ sort: nextSort(state.sort, field) })}
      onResize={(field, width) => onChange({ widths: { ...state.widths, [field]: width } })}
      onMove={move}
      {...(selection
        ? { selected: selection.ids, onSelect: selection.select, onSelectAll: (all: boolean) => selection.selectPage(rows.map(key), all) }
        : {})}
      selectLabel={(row) => t("records.select", { label: labelOf(entity, row) })}
      selectAllLabel={t("selection.page")}
      {...(props.mayEdit ? { editing: editingOf(props, t) } : {})}
      before={props.before}
      total={props.total}
      empty={props.empty}
    />
  );
}

function editingOf({ app, entity, rows, truncated, edits, live, isEditing }: Props, t: TFunction): Editing<Row> {
  const stored = new Map(rows.map((row) => [idOf(entity, row), row]));
  const fields = new Map(entity.fields.map((field) => [field.name, field]));
  const stateOf = (row: Row, column: string): CellState => {
    const id = idOf(entity, row);
    const edit = edits.edits.get(id);
    if (!edit) return isCut(truncated, column, row[column]) ? { title: t("edits.tooLong") } : {};
    const refusal = edit.refusals[column] ?? (column in edit.values ? edit.refusals[""] : undefined);
    if (refusal) return { mark: "refused", title: refusal };
    const clash = edits.clashes.find((each) => each.id === id && each.field === column);
    if (clash) return { mark: "clash", title: t("edits.clash", { value: wordOf(clash.theirs) }) };
    return column in edit.values ? { mark: "edited", title: t("edits.was", { value: wordOf(edit.base[column]) }) } : {};
  };
  return {
    byClick: isEditing,
    stateOf,
    isEditable: (row, column) => {
      const field = fields.get(column);
      return field !== undefined && isCellEditable(field) && !isCut(truncated, column, row[column]) && live.markOf(idOf(entity, row)) !== "left";
    },
    editor: (row, column, done) => {
      const field = fields.get(column)!;
      const base = stored.get(idOf(entity, row)) ?? row;
      return <CellEditor {...{ app, entity, field, row }} onClose={done} onCommit={(value) => edits.set(base, column, value)} />;
    },
  };
}
