/** Which cell of a grid the keyboard is at, and which one is edited. */

import { type RefObject, useEffect, useRef, useState } from "react";
import { moveBy, stepFrom } from "./moves";
import type { GridProps, Place, Step } from "./types";

interface Places {
  at: Place;
  edited: Place | undefined;
  done: (step?: Step) => void;
  on: Pick<React.DOMAttributes<HTMLElement>, "onKeyDown" | "onFocus" | "onBlur" | "onClickCapture" | "onDoubleClick">;
}

export function usePlaces<T>(grid: GridProps<T>, scroller: RefObject<HTMLElement | null>, bringIntoView: (row: number) => void): Places {
  const { rows, columns, editing } = grid;
  const first = grid.onSelect ? 1 : 0;
  const width = columns.length + first;
  const [at, setAt] = useState<Place>({ row: 0, column: first });
  const [edited, setEdited] = useState<Place>();
  const wanted = useRef(false);
  const focused = useRef(false);
  const isEditable = ({ row, column }: Place) => {
    const [found, name] = [rows[row], columns[column - first]?.id];
    return found !== undefined && name !== undefined && (editing?.isEditable(found, name) ?? false);
  };
  const go = (place: Place) => {
    wanted.current = true;
    setAt(place);
    bringIntoView(place.row);
  };
  useEffect(() => {
    // An element that goes while it has the focus (its row has come anew) tells nobody, and leaves it to the page.
    if (focused.current && document.activeElement === document.body) wanted.current = true;
    if (!wanted.current || edited) return;
    wanted.current = false;
    elementAt(scroller.current, at)?.focus({ preventScroll: true });
    elementAt(scroller.current, at)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  const edit = (place: Place) => {
    if (!isEditable(place)) return false;
    setAt(place);
    setEdited(place);
    return true;
  };
  const done = (step?: Step) => {
    setEdited(undefined);
    if (!edited || !step) return;
    const next = stepFrom(edited, step, rows.length, width, isEditable);
    go(next);
    const hasMoved = next.row !== edited.row || next.column !== edited.column;
    if (hasMoved && editing?.byClick && isEditable(next)) setEdited(next);
  };
  const onKeyDown = (event: React.KeyboardEvent<HTMLElement>) => {
    if (edited || !placeOf(event.target)) return;
    const isRtl = document.documentElement.dir === "rtl";
    const to = event.altKey ? undefined : moveBy(event.key, event.ctrlKey || event.metaKey, at, rows.length, width, isRtl);
    const isEnter = event.key === "Enter" && at.column > first;
    if (to) go(to);
    else if (event.key === "F2" || isEnter) {
      if (!edit(at) && isEnter) elementAt(scroller.current, { row: at.row, column: first })?.click();
    } else if (event.key === " " && grid.onSelect && at.column > 0) {
      const key = grid.rowKey(rows[at.row]!);
      grid.onSelect(key, !grid.selected?.has(key));
    } else return;
    event.preventDefault();
  };
  const onBlur = () => {
    focused.current = false;
  };
  const onFocus = (event: React.FocusEvent<HTMLElement>) => {
    focused.current = true;
    const place = placeOf(event.target);
    if (place && (place.row !== at.row || place.column !== at.column)) setAt(place);
  };
  // Before the link of the row hears of it: while cells are edited, a click edits its text.
  const onClickCapture = (event: React.MouseEvent<HTMLElement>) => {
    const place = placeOf(event.target);
    if (!place || !editing?.byClick || event.ctrlKey || event.metaKey || !edit(place)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onDoubleClick = (event: React.MouseEvent<HTMLElement>) => {
    const place = placeOf(event.target);
    if (place && edit(place)) event.preventDefault();
  };
  return { at, edited, done, on: { onKeyDown, onFocus, onBlur, onClickCapture, onDoubleClick } };
}

function elementAt(grid: HTMLElement | null, { row, column }: Place): HTMLElement | null {
  return grid?.querySelector<HTMLElement>(`[data-place="${row}:${column}"]`) ?? null;
}

function placeOf(target: EventTarget): Place | undefined {
  const named = (target as HTMLElement).closest?.<HTMLElement>("[data-place]")?.dataset["place"];
  if (!named) return undefined;
  const [row, column] = named.split(":").map(Number);
  return { row: row!, column: column! };
}
