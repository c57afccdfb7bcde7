/** Edits of cells of a list that wait to be saved together: what was edited, what meets them, and what is sent. Pure. */

import { changed, same } from "./changes";
import { type Entity, idOf, labelOf, type Row } from "./schema";

/** The edits of one record. */
export interface RowEdit {
  id: string;
  label: string;
  /** The record as it was when its first cell was edited. */
  base: Row;
  /** The edited fields. */
  values: Row;
  /** Why the server refused a field; `""` is for the record as a whole. */
  refusals: Record<string, string>;
}

export type Edits = ReadonlyMap<string, RowEdit>;

export const NO_EDITS: Edits = new Map();

/** A value that somebody else has stored in a field that is edited here. */
export interface Clash {
  id: string;
  field: string;
  theirs: unknown;
}

/** The edits with another value in a cell. The value that is stored is no edit. */
export function withCell(edits: Edits, entity: Entity, row: Row, field: string, value: unknown): Edits {
  const id = idOf(entity, row);
  const known = edits.get(id) ?? { id, label: labelOf(entity, row), base: row, values: {}, refusals: {} };
  // A field that is edited for the first time is held against what the reader sees, not what stood there earlier.
  const before = field in known.values ? known : { ...known, base: { ...known.base, [field]: row[field] } };
  const { [field]: _refusal, "": _whole, ...refusals } = before.refusals;
  const values = changed(before.base, { ...before.values, [field]: value });
  return withRow(edits, { ...before, values, refusals });
}

/** The edits without one cell. */
export function withoutCell(edits: Edits, id: string, field: string): Edits {
  const edit = edits.get(id);
  if (!edit) return edits;
  const { [field]: _value, ...values } = edit.values;
  const { [field]: _refusal, ...refusals } = edit.refusals;
  return withRow(edits, { ...edit, values, refusals });
}

function withRow(edits: Edits, edit: RowEdit): Edits {
  const next = new Map(edits);
  if (Object.keys(edit.values).length > 0) next.set(edit.id, edit);
  else next.delete(edit.id);
  return next;
}

export function countOf(edits: Edits): number {
  return [...edits.values()].reduce((sum, edit) => sum + Object.keys(edit.values).length, 0);
}

/** The edited fields whose stored value is no longer the one that the edit began with, nor what it makes of it. */
export function clashesOf(edits: Edits, stored: ReadonlyMap<string, Row>): Clash[] {
  return [...edits.values()].flatMap(({ id, base, values }) => {
    const theirs = stored.get(id);
    if (!theirs) return [];
    const fields = Object.keys(values).filter((field) => field in theirs && !same(theirs[field], base[field]) && !same(theirs[field], values[field]));
    return fields.map((field) => ({ id, field, theirs: theirs[field] }));
  });
}

/** The edits upon records as they are stored now, so that what clashed is decided. What is stored already is no edit. */
export function rebased(edits: Edits, stored: ReadonlyMap<string, Row>): Edits {
  const rows = [...edits.values()].map((edit) => {
    const base = { ...edit.base, ...stored.get(edit.id) };
    return { ...edit, base, values: changed(base, edit.values) };
  });
  return new Map(rows.filter((edit) => Object.keys(edit.values).length > 0).map((edit) => [edit.id, edit]));
}

/** The rows of a bulk update: the key, the edited fields and the version of each record that they are meant for. */
export function toBulk(edits: Edits, entity: Entity, versionOf: (id: string) => number | undefined): Row[] {
  return [...edits.values()].map(({ id, base, values }) => ({
    ...Object.fromEntries(entity.primary_key.fields.map((name) => [name, base[name]])),
    ...values,
    _version: versionOf(id),
  }));
}

interface RefusedRow {
  index?: number;
  field?: string;
  message: string;
}

/** The edits with what the server said of each row of the bulk update that `sent` made. */
export function withRefusals(edits: Edits, sent: Edits, details: readonly RefusedRow[]): Edits {
  const order = [...sent.keys()];
  const next = new Map([...edits].map(([id, edit]) => [id, { ...edit, refusals: {} as Record<string, string> }]));
  for (const { index, field, message } of details) {
    const edit = index === undefined ? undefined : next.get(order[index] ?? "");
    if (!edit) continue;
    const cell = field !== undefined && field in edit.values ? field : "";
    const text = field !== undefined && cell === "" ? `${field}: ${message}` : message;
    edit.refusals[cell] = edit.refusals[cell] ? `${edit.refusals[cell]}\n${text}` : text;
  }
  return next;
}

/** The edits that were made while others were saved: those stand upon what is stored now. */
export function withoutSaved(edits: Edits, saved: Edits): Edits {
  return rebased(edits, new Map([...saved].map(([id, { values }]) => [id, values])));
}
