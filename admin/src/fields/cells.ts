/** How values of each field type stand in a grid. Their inputs are in registry.tsx, which lists do without. */

import type { Field, FieldType } from "../model/schema";
import { dateCell, timestampCell } from "./moments";

export interface Looks {
  /** The value in a grid, as text. Never null or undefined; the grid shows those. */
  cell: (value: unknown, field: Field) => string;
  align: "start" | "end";
  /** Pixels of a column that nobody has resized. */
  width: number;
}

const LONGEST_CELL = 200;

/** A number with all its digits: decimals and 64-bit integers come as text, and are shown as they are. */
function numberCell(value: unknown, field: Field): string {
  const digits = String(value);
  return field.precision === null || !/^-?\d+(\.\d+)?$/.test(digits) ? digits : padded(digits, field.precision);
}

function padded(digits: string, precision: number): string {
  const [whole, fraction = ""] = digits.split(".");
  return precision === 0 ? whole! : `${whole}.${fraction.padEnd(precision, "0")}`;
}

const text: Looks = { cell: String, align: "start", width: 200 };
const number: Looks = { cell: numberCell, align: "end", width: 120 };

const LOOKS: Record<FieldType, Looks> = {
  string: text,
  text: { ...text, width: 280 },
  uuid: { ...text, width: 150 },
  int: number,
  bigint: number,
  decimal: number,
  float: number,
  boolean: { cell: (value) => (value ? "✓" : "–"), align: "start", width: 90 },
  timestamp: { cell: timestampCell, align: "start", width: 170 },
  date: { cell: dateCell, align: "start", width: 120 },
  json: { cell: (value) => JSON.stringify(value).slice(0, LONGEST_CELL), align: "start", width: 220 },
  file: { cell: (value) => (value as { filename?: string }).filename ?? String(value), align: "start", width: 180 },
};

export function looksOf(field: Field): Looks {
  return LOOKS[field.type] ?? text;
}
