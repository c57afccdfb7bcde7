/** How values of each field type are edited; cells.ts says how they are shown. A new type is one entry in both and one file beside them. */

import type { ReactNode } from "react";
import type { Field, FieldType } from "../model/schema";
import { BooleanInput } from "./boolean";
import { type Looks, looksOf } from "./cells";
import { ChoiceInput } from "./choice";
import { FileInput } from "./file";
import type { InputProps } from "./input";
import { JsonInput } from "./json";
import { DateInput, TimestampInput } from "./moment-inputs";
import { NumberInput } from "./number";
import { TextAreaInput, TextInput } from "./text";

export interface FieldKind extends Looks {
  input: (props: InputProps) => ReactNode;
}

const INPUTS: Record<FieldType, FieldKind["input"]> = {
  string: TextInput,
  text: TextAreaInput,
  uuid: TextInput,
  int: NumberInput,
  bigint: NumberInput,
  decimal: NumberInput,
  float: NumberInput,
  boolean: BooleanInput,
  timestamp: TimestampInput,
  date: DateInput,
  json: JsonInput,
  file: FileInput,
};

/** What is particular to a field: by its type, or a choice where it has an enum. */
export function kindOf(field: Field): FieldKind {
  return { ...looksOf(field), input: field.enum ? ChoiceInput : (INPUTS[field.type] ?? TextInput) };
}
