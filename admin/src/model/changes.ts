/** Which fields of a form differ from the record that it shows, and how edits meet somebody else's. */

import type { Row } from "./schema";

/** Whether two JSON values are the same. */
export function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** The members of `edited` that differ from `base`: what an update sends. */
export function changed(base: Row, edited: Row): Row {
  return Object.fromEntries(Object.entries(edited).filter(([name, value]) => !same(base[name], value)));
}

export interface Conflict {
  field: string;
  base: unknown;
  mine: unknown;
  theirs: unknown;
}

export interface Merge {
  /** The record as both changed it; fields in conflict have their value. */
  merged: Row;
  conflicts: Conflict[];
}

/** Merge my edits of `base` with somebody else's record. Fields that both changed differently are conflicts. */
export function merge(base: Row, mine: Row, theirs: Row): Merge {
  const edits = changed(base, mine);
  const conflicts: Conflict[] = [];
  const merged: Row = { ...theirs };
  for (const [field, value] of Object.entries(edits)) {
    if (same(theirs[field], base[field]) || same(theirs[field], value)) merged[field] = value;
    else conflicts.push({ field, base: base[field], mine: value, theirs: theirs[field] });
  }
  return { merged, conflicts };
}
