/** How values of each field type are shown and edited. A new type is one entry here and one file beside it. */

import type { ReactNode } from "react";
import type { Field, FieldType } from "../model/schema";
import type { InputProps } from "./input";
import { BooleanInput } from "./boolean";
import { ChoiceInput } from "./choice";
import { FileInput, fileCell } from "./file";
import { JsonInput, jsonCell } from "./json";
import { numberCell, NumberInput } from "./number";
import { dateCell, DateInput, timestampCell, TimestampInput } from "./moments";
import { TextAreaInput, TextInput } from "./text";

export interface FieldKind {
  /** The value in a grid: plain text or one element. Never null or undefined; the grid shows those. */
  cell: (value: unknown, field: Field) => ReactNode;
  input: (props: InputProps) => ReactNode;
  align: "start" | "end";
  /** Pixels of a column that nobody has resized. */
  width: number;
}

const plain = (value: unknown): ReactNode => String(value);
const text: FieldKind = { cell: plain, input: TextInput, align: "start", width: 200 };
const number: FieldKind = { cell: numberCell, input: NumberInput, align: "end", width: 120 };

const KINDS: Record<FieldType, FieldKind> = {
  string: text,
  text: { ...text, input: TextAreaInput, width: 280 },
  uuid: { ...text, width: 150 },
  int: number,
  bigint: number,
  decimal: number,
  float: number,
  boolean: { cell: (value) => (value ? "✓" : "–"), input: BooleanInput, align: "start", width: 90 },
  timestamp: { cell: timestampCell, input: TimestampInput, align: "start", width: 170 },
  date: { cell: dateCell, input: DateInput, align: "start", width: 120 },
  json: { cell: jsonCell, input: JsonInput, align: "start", width: 220 },
  file: { cell: fileCell, input: FileInput, align: "start", width: 180 },
};

/** What is particular to a field: by its type, or a choice where it has an enum. */
export function kindOf(field: Field): FieldKind {
  const kind = KINDS[field.type] ?? text;
  return field.enum ? { ...kind, input: ChoiceInput } : kind;
}
