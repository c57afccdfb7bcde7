/**
 * A table of records: only the rows in sight are elements, and each row is a link.
 *
 * Cells are plain text (a component per cell costs five times the time to draw). One of them is the place of the
 * keyboard: arrows move it, Enter opens the record or the cell's editor, Space selects the row.
 */

import { useElementScrollRestoration } from "@tanstack/react-router";
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useEffect, useRef } from "react";
import { Head } from "./head";
import { GridRow } from "./row";
import type { GridProps } from "./types";
import { usePlaces } from "./use-places";

export type { CellState, Column, Editing, Step } from "./types";

const ROW_PX = 37;
const HEAD_PX = 37;
const OVERSCAN = 8;
const UNKNOWN = -1;
/** The router keeps the scroll position of this element for each entry of the history. */
const RESTORED = "grid";

export function Grid<T>(props: GridProps<T>) {
  const { rows, columns } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const kept = useRef(0);
  const shown = useRef(props.pageKey);
  const place = useElementScrollRestoration({ id: RESTORED });
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollPaddingStart: HEAD_PX,
    initialOffset: place?.scrollY ?? 0,
    // The row of the keyboard stays an element, so that scrolling does not take the focus away.
    rangeExtractor: (range: Range) => withRow(defaultRangeExtractor(range), kept.current, rows.length),
  });
  const { at, edited, done, on } = usePlaces(props, scroller, (row) => virtual.scrollToIndex(row));
  kept.current = at.row;
  useEffect(() => {
    if (shown.current !== props.pageKey) scroller.current?.scrollTo({ top: 0 });
    shown.current = props.pageKey;
  }, [props.pageKey]);
  const widths = Object.fromEntries(columns.map((column, index) => [`--rk-w${index}`, `${column.width}px`])) as CSSProperties;
  const count = props.total === undefined ? UNKNOWN : props.total + 1;
  return (
    <div className="rk-grid" ref={scroller} role="grid" data-scroll-restoration-id={RESTORED} aria-label={props.label} aria-rowcount={count} style={widths} {...on}>
      <Head {...props} allSelected={rows.length > 0 && rows.every((row) => props.selected?.has(props.rowKey(row)))} />
      {rows.length === 0 && <div>{props.empty}</div>}
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]!;
          const inRow = (place: { row: number; column: number } | undefined) => (place?.row === index ? place.column : undefined);
          return <GridRow key={props.rowKey(row)} {...{ grid: props, row, index, top: start }} at={inRow(at)} edited={inRow(edited)} onDone={done} />;
        })}
      </div>
    </div>
  );
}

function withRow(shown: number[], row: number, count: number): number[] {
  return row >= count || shown.includes(row) ? shown : [...shown, row].sort((a, b) => a - b);
}
