import { useRef } from "react";
import type { Column, GridProps } from "./types";

const NARROWEST_PX = 60;

interface HeadProps<T> extends GridProps<T> {
  allSelected: boolean;
}

/** The row of column names: sorting, widths, order, and the selection of all rows. */
export function Head<T>(props: HeadProps<T>) {
  const { columns, onSelect, onSelectAll } = props;
  return (
    <div className="rk-head" role="row" aria-rowindex={1}>
      {onSelect && (
        <div className="rk-cell rk-check" role="columnheader">
          {onSelectAll && props.rows.length > 0 && (
            <input type="checkbox" aria-label={props.selectAllLabel} checked={props.allSelected} onChange={(event) => onSelectAll(event.currentTarget.checked)} />
          )}
        </div>
      )}
      {columns.map((column, index) => (
        <HeadCell key={column.id} column={column} index={index} {...props} />
      ))}
    </div>
  );
}

function HeadCell<T>({ column, index, sort, onSort, onResize, onMove }: { column: Column<T>; index: number } & HeadProps<T>) {
  const direction = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : "none";
  const arrow = direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : "";
  const drag = {
    draggable: onMove !== undefined,
    onDragStart: (event: React.DragEvent) => event.dataTransfer.setData("text/rk-column", column.id),
    onDragOver: (event: React.DragEvent) => event.dataTransfer.types.includes("text/rk-column") && event.preventDefault(),
    onDrop: (event: React.DragEvent) => {
      const from = event.dataTransfer.getData("text/rk-column");
      if (from && from !== column.id) onMove?.(from, column.id);
    },
  };
  return (
    <div className={index === 0 ? "rk-cell rk-name" : "rk-cell"} role="columnheader" aria-sort={direction} style={{ width: widthOf(index) }} data-align={column.align} title={column.hint} {...drag}>
      {column.sortable && onSort ? (
        <button type="button" onClick={() => onSort(column.id)}>
          {column.label}
          {arrow}
        </button>
      ) : (
        <span className="rk-head-label">{column.label}</span>
      )}
      {onResize && <Handle column={column} index={index} onResize={onResize} />}
    </div>
  );
}

/** Drags the edge of a column. Cells follow by a variable of the grid; the width is told when the drag ends. */
function Handle<T>({ column, index, onResize }: { column: Column<T>; index: number; onResize: (column: string, width: number) => void }) {
  const start = useRef({ x: 0, width: 0 });
  const widthAt = (x: number) => {
    const sign = document.documentElement.dir === "rtl" ? -1 : 1;
    return Math.round(Math.max(NARROWEST_PX, start.current.width + sign * (x - start.current.x)));
  };
  const drag = (event: React.PointerEvent<HTMLSpanElement>) => {
    const handle = event.currentTarget;
    if (event.type === "pointerdown") {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, width: column.width };
    } else if (handle.hasPointerCapture(event.pointerId)) {
      const grid = handle.closest<HTMLElement>(".rk-grid");
      grid?.style.setProperty(`--rk-w${index}`, `${widthAt(event.clientX)}px`);
      if (event.type === "pointerup") onResize(column.id, widthAt(event.clientX));
    }
  };
  return <span className="rk-resize" onPointerDown={drag} onPointerMove={drag} onPointerUp={drag} aria-hidden="true" />;
}

/** The width of a column's cells: a variable of the grid, so that a drag draws nothing anew. */
export function widthOf(index: number): string {
  return `var(--rk-w${index})`;
}
