import { Link } from "@tanstack/react-router";
import { widthOf } from "./head";
import type { Column, GridProps, Place, Step } from "./types";

interface RowProps<T> {
  grid: GridProps<T>;
  row: T;
  index: number;
  top: number;
  /** The column of this row that the keyboard is at. */
  at: number | undefined;
  /** The column of this row that is edited. */
  edited: number | undefined;
  onDone: (step?: Step) => void;
}

/** A row. Its cells are plain elements; one of the grid's cells is the one that Tab reaches. */
export function GridRow<T>({ grid, row, index, top, at, edited, onDone }: RowProps<T>) {
  const { columns, selected, onSelect } = grid;
  const key = grid.rowKey(row);
  const isSelected = selected?.has(key) ?? false;
  const mark = grid.rowMark?.(row);
  const first = onSelect ? 1 : 0;
  const place = (column: number) => placeProps({ row: index, column }, at === column);
  return (
    <div
      role="row"
      aria-rowindex={(grid.before ?? 0) + index + 2}
      aria-selected={onSelect ? isSelected : undefined}
      className="rk-row"
      data-selected={isSelected}
      data-fresh={mark === "fresh"}
      data-left={mark === "left"}
      style={{ transform: `translateY(${top}px)` }}
    >
      {onSelect && (
        <span className="rk-cell rk-check" role="gridcell">
          <input type="checkbox" {...place(0)} checked={isSelected} aria-label={grid.selectLabel?.(row) ?? key} onChange={(event) => onSelect(key, event.currentTarget.checked)} />
        </span>
      )}
      {columns.map((column, position) => (
        <Cell key={column.id} {...{ grid, row, column, position, onDone }} isEdited={edited === position + first} place={place(position + first)} />
      ))}
    </div>
  );
}

interface CellProps<T> {
  grid: GridProps<T>;
  row: T;
  column: Column<T>;
  position: number;
  isEdited: boolean;
  place: ReturnType<typeof placeProps>;
  onDone: (step?: Step) => void;
}

function Cell<T>({ grid, row, column, position, isEdited, place, onDone }: CellProps<T>) {
  const { editing } = grid;
  const state = editing?.stateOf(row, column.id);
  const isEditable = editing?.isEditable(row, column.id) ?? false;
  const shared = {
    className: position === 0 ? "rk-cell rk-name" : "rk-cell",
    role: "gridcell",
    style: { width: widthOf(position) },
    "data-align": column.align,
    "data-mark": state?.mark,
    "data-editable": editing?.byClick ? isEditable : undefined,
    "aria-readonly": editing ? !isEditable : undefined,
    "aria-invalid": state?.mark === "refused" || undefined,
    title: state?.title,
  } as const;
  if (isEdited && editing) {
    return (
      <span {...shared} data-edited="true">
        {editing.editor(row, column.id, onDone)}
      </span>
    );
  }
  if (position > 0) {
    return (
      <span {...shared} {...place}>
        {column.cell(row)}
      </span>
    );
  }
  return (
    <span {...shared}>
      <Link to={grid.rowLink(row)} className="rk-row-link" {...place}>
        {column.cell(row)}
      </Link>
    </span>
  );
}

function placeProps({ row, column }: Place, isAt: boolean) {
  return { "data-place": `${row}:${column}`, tabIndex: isAt ? 0 : -1 };
}
