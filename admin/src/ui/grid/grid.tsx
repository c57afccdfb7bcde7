/**
 * A table of records of any length: only the rows in sight are elements, and each row is a link.
 *
 * Cells are plain text (a component per cell costs five times the time to draw). More rows are asked for
 * when the end comes near.
 */

import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef, useState } from "react";

export interface Column<T> {
  id: string;
  label: string;
  width: number;
  align?: "start" | "end";
  cell: (row: T) => ReactNode;
  sortable?: boolean;
}

interface GridProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  rowLink: (row: T) => string;
  sort?: string | undefined;
  onSort?: (column: string) => void;
  onResize?: (column: string, width: number) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (key: string, selected: boolean) => void;
  selectLabel?: (row: T) => string;
  /** Whether a row has just changed, or has left the list meanwhile. */
  rowMark?: (row: T) => "fresh" | "left" | undefined;
  onEndInSight?: () => void;
  empty: ReactNode;
}

const ROW_PX = 37;
const OVERSCAN = 8;
const NEAR_END = 20;

export function Grid<T>(props: GridProps<T>) {
  const { columns, rows, onEndInSight } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR_END) onEndInSight?.();
  }, [last, rows.length, onEndInSight]);
  return (
    <div className="rk-grid" ref={scroller} role="table" aria-label={props.label} aria-rowcount={rows.length + 1}>
      <div className="rk-head" role="row">
        {props.onSelect && <div className="rk-cell" style={{ width: 40 }} role="columnheader" aria-hidden="true" />}
        {columns.map((column) => (
          <HeadCell key={column.id} column={column} {...props} />
        ))}
      </div>
      {rows.length === 0 && <div>{props.empty}</div>}
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index]!;
          return <GridRow key={props.rowKey(row)} row={row} index={item.index} top={item.start} {...props} />;
        })}
      </div>
    </div>
  );
}

function HeadCell<T>({ column, sort, onSort, onResize }: { column: Column<T> } & GridProps<T>) {
  const direction = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : "none";
  const [width, setWidth] = useState(column.width);
  const start = useRef({ x: 0, width: 0 });
  useEffect(() => setWidth(column.width), [column.width]);
  const drag = (event: React.PointerEvent<HTMLSpanElement>) => {
    if (event.type === "pointerdown") {
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, width };
    } else if (event.currentTarget.hasPointerCapture(event.pointerId)) {
      const sign = document.documentElement.dir === "rtl" ? -1 : 1;
      const wanted = Math.max(60, start.current.width + sign * (event.clientX - start.current.x));
      onResize?.(column.id, Math.round(wanted));
    }
  };
  return (
    <div className="rk-cell" role="columnheader" aria-sort={direction} style={{ width }} data-align={column.align}>
      {column.sortable && onSort ? (
        <button type="button" onClick={() => onSort(column.id)}>
          {column.label} {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : ""}
        </button>
      ) : (
        <span style={{ padding: "0 10px" }}>{column.label}</span>
      )}
      {onResize && <span className="rk-resize" onPointerDown={drag} onPointerMove={drag} aria-hidden="true" />}
    </div>
  );
}

function GridRow<T>(props: { row: T; index: number; top: number } & GridProps<T>) {
  const { row, columns, selected, onSelect } = props;
  const key = props.rowKey(row);
  const isSelected = selected?.has(key) ?? false;
  const mark = props.rowMark?.(row);
  return (
    <div role="row" aria-rowindex={props.index + 2} className="rk-row" data-selected={isSelected} data-fresh={mark === "fresh"} data-left={mark === "left"} style={{ transform: `translateY(${props.top}px)` }}>
      {onSelect && (
        <span className="rk-cell" style={{ width: 40 }} role="cell">
          <input
            type="checkbox"
            checked={isSelected}
            aria-label={props.selectLabel?.(row) ?? key}
            onChange={(event) => onSelect(key, event.currentTarget.checked)}
          />
        </span>
      )}
      {columns.map((column, position) => (
        <span key={column.id} className="rk-cell" role="cell" data-align={column.align} style={{ width: column.width }}>
          {position === 0 ? (
            <Link to={props.rowLink(row)} style={{ color: "var(--mantine-color-anchor)" }}>
              {column.cell(row)}
            </Link>
          ) : (
            column.cell(row)
          )}
        </span>
      ))}
    </div>
  );
}
