/** Moving and resizing widgets with the pointer: the grid follows at once, and the change is one step when it is let go. */

import { type PointerEvent, type RefObject, useState } from "react";
import { COLUMNS, type Layout, withPlace } from "../../../model/board-layout";

const ROW = 52;
const GAP = 12;
/** Pixels of a movement that is still a click. */
const CLICK = 4;

interface Arranging {
  /** The layout while something moves. */
  layout: Layout | undefined;
  moving: string | undefined;
  handlers: (id: string, isSize: boolean) => { onPointerDown: (event: PointerEvent<HTMLElement>) => void };
}

export function useArranging(grid: RefObject<HTMLDivElement | null>, stored: Layout, isRtl: boolean, settle: (layout: Layout, id: string) => void): Arranging {
  const [state, setState] = useState<{ id: string; layout: Layout }>();
  const begin = (event: PointerEvent<HTMLElement>, id: string, isSize: boolean) => {
    const width = grid.current?.clientWidth ?? 0;
    // On a phone the widgets stand below each other, and the pointer scrolls.
    if (event.button !== 0 || !event.isPrimary || width === 0 || isOneColumn(grid.current!)) return;
    event.stopPropagation();
    const [startX, startY, place] = [event.clientX, event.clientY, stored[id]!];
    const column = (width + GAP) / COLUMNS;
    let current: Layout | undefined;
    const move = (moved: globalThis.PointerEvent) => {
      const [dx, dy] = [(moved.clientX - startX) * (isRtl ? -1 : 1), moved.clientY - startY];
      if (!current && Math.hypot(dx, dy) < CLICK) return;
      const [across, down] = [Math.round(dx / column), Math.round(dy / (ROW + GAP))];
      const wanted = isSize ? { ...place, w: Math.min(place.w + across, COLUMNS - place.x), h: place.h + down } : { ...place, x: place.x + across, y: place.y + down };
      current = withPlace(stored, id, wanted);
      setState({ id, layout: current });
    };
    const end = (ended: globalThis.PointerEvent | globalThis.KeyboardEvent) => {
      if (ended instanceof globalThis.KeyboardEvent && ended.key !== "Escape") return;
      for (const [name, listener] of listeners) window.removeEventListener(name, listener as EventListener);
      setState(undefined);
      if (ended.type === "pointerup" && current) settle(current, id);
    };
    const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end], ["keydown", end]] as const;
    for (const [name, listener] of listeners) window.addEventListener(name, listener as EventListener);
  };
  return { layout: state?.layout, moving: state?.id, handlers: (id, isSize) => ({ onPointerDown: (event) => begin(event, id, isSize) }) };
}

function isOneColumn(grid: HTMLElement): boolean {
  return !getComputedStyle(grid).gridTemplateColumns.includes(" ");
}
