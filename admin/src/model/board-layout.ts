/** Widgets on their grid: none lies upon another. Pure. */

import type { Place, Widget } from "./dashboards";

export const COLUMNS = 12;
const MAX_HEIGHT = 50;
const USUAL: Place = { x: 0, y: 0, w: 4, h: 4 };

export type Layout = Record<string, Place>;

const between = (least: number, value: number, most: number) => Math.min(most, Math.max(least, Math.round(value)));

/** A place that is wholly on the grid. */
export function onGrid(place: Place): Place {
  const w = between(1, place.w, COLUMNS);
  return { x: between(0, place.x, COLUMNS - w), y: Math.max(0, Math.round(place.y)), w, h: between(1, place.h, MAX_HEIGHT) };
}

export function placeOf(widget: Widget): Place {
  return onGrid({ ...USUAL, ...widget.layout });
}

function overlap(one: Place, other: Place): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
}

/** The first free place of a size, row by row from `from` on. */
export function freePlace(taken: readonly Place[], size: { w: number; h: number }, from = 0): Place {
  for (let y = from; ; y += 1) {
    for (let x = 0; x + size.w <= COLUMNS; x += 1) {
      const place = { x, y, w: size.w, h: size.h };
      if (!taken.some((each) => overlap(place, each))) return place;
    }
  }
}

/** Where each widget lies: where its layout says, or where that is taken the next free place from there. */
export function arranged(widgets: readonly Widget[]): Layout {
  const layout: Layout = {};
  for (const widget of widgets) {
    const wanted = placeOf(widget);
    const taken = Object.values(layout);
    layout[widget.id] = taken.some((each) => overlap(wanted, each)) ? freePlace(taken, wanted, wanted.y) : wanted;
  }
  return layout;
}

/** A layout with one widget at another place: those in its way move down, and nobody hangs in the air. */
export function withPlace(layout: Layout, id: string, wanted: Place): Layout {
  const fixed = onGrid(wanted);
  const placed: Layout = { [id]: fixed };
  for (const other of inOrder(layout).filter((each) => each !== id)) {
    placed[other] = lowered(layout[other]!, Object.values(placed));
  }
  return risen(placed, id);
}

function lowered(place: Place, taken: readonly Place[]): Place {
  let found = place;
  for (let hit = taken.find((each) => overlap(found, each)); hit; hit = taken.find((each) => overlap(found, each))) found = { ...found, y: hit.y + hit.h };
  return found;
}

/** Every widget but one as far up as those above it let it. */
function risen(layout: Layout, held: string): Layout {
  const settled: Layout = { [held]: layout[held]! };
  for (const id of inOrder(layout).filter((each) => each !== held)) {
    const taken = Object.values(settled);
    let place = layout[id]!;
    while (place.y > 0 && !taken.some((each) => overlap({ ...place, y: place.y - 1 }, each))) place = { ...place, y: place.y - 1 };
    settled[id] = place;
  }
  return settled;
}

/** The widgets from top to bottom, and in a row from the beginning to the end. */
export function inOrder(layout: Layout): string[] {
  return Object.keys(layout).sort((one, other) => layout[one]!.y - layout[other]!.y || layout[one]!.x - layout[other]!.x);
}

/** The widgets with their places in a layout. */
export function laidOut(widgets: readonly Widget[], layout: Layout): Widget[] {
  return widgets.map((widget) => ({ ...widget, layout: layout[widget.id]! }));
}

const STEPS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The place after an arrow key: with Shift the size changes. Left and right are as the reader sees them. */
export function stepped(place: Place, key: string, isSize: boolean, isRtl: boolean): Place | undefined {
  const step = STEPS[key];
  if (!step) return undefined;
  const [across, down] = [step[0] * (isRtl ? -1 : 1), step[1]];
  if (!isSize) return onGrid({ ...place, x: place.x + across, y: place.y + down });
  return onGrid({ ...place, w: Math.min(place.w + across, COLUMNS - place.x), h: place.h + down });
}
