/** Where a key leads in a grid. Pure. */

import type { Place, Step } from "./types";

const PAGE_ROWS = 15;

/** The place that a key leads to; undefined where it is no key of the grid. */
export function moveBy(key: string, isFar: boolean, { row, column }: Place, rows: number, columns: number, isRtl: boolean): Place | undefined {
  const sideways = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  const steps: Record<string, Place> = {
    ArrowDown: { row: row + 1, column },
    ArrowUp: { row: row - 1, column },
    PageDown: { row: row + PAGE_ROWS, column },
    PageUp: { row: row - PAGE_ROWS, column },
    Home: { row: isFar ? 0 : row, column: 0 },
    End: { row: isFar ? rows - 1 : row, column: columns - 1 },
  };
  const to = sideways ? { row, column: column + (isRtl ? -sideways : sideways) } : steps[key];
  return to && within(to, rows, columns);
}

/** Where editing goes on after a cell: below it, or at the next cell of the row that can be edited. */
export function stepFrom({ row, column }: Place, step: Step, rows: number, columns: number, isEditable: (place: Place) => boolean): Place {
  if (step === "stay") return { row, column };
  if (step === "down") return within({ row: row + 1, column }, rows, columns);
  const way = step === "next" ? 1 : -1;
  for (let at = column + way; at >= 0 && at < columns; at += way) if (isEditable({ row, column: at })) return { row, column: at };
  return { row, column };
}

function within({ row, column }: Place, rows: number, columns: number): Place {
  return { row: Math.min(Math.max(0, row), rows - 1), column: Math.min(Math.max(0, column), columns - 1) };
}
