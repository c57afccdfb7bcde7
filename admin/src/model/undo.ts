/** What taking a version of a record back would do, and what stands against it. Pure. */

import { same } from "./changes";
import type { Row } from "./schema";

export interface VersionChange {
  version: number;
  action: string;
  at: string;
  user: { id: string | null; email: string | null } | null;
  changed: Record<string, { old: unknown; new: unknown }>;
}

export interface FieldUndo {
  field: string;
  /** What stands there now, and what it goes back to. */
  now: unknown;
  before: unknown;
  /** The newest later version that has changed the field again. */
  later: VersionChange | undefined;
}

export interface UndoPlan {
  /** Versions that have come since: any of them keeps the commit from being undone as a whole. */
  since: number;
  fields: FieldUndo[];
}

/** The plan for a version, from the history (newest first) and the record as it is. Fields that are back already are left out. */
export function undoPlan(history: readonly VersionChange[], version: number, row: Row): UndoPlan {
  const undone = history.find((each) => each.version === version);
  const later = history.filter((each) => each.version > version);
  const fields = Object.entries(undone?.changed ?? {}).map(([field, { old }]) => ({
    field,
    now: row[field],
    before: old,
    later: later.find((each) => field in (each.changed ?? {})),
  }));
  return { since: later.length, fields: fields.filter(({ now, before }) => !same(now ?? null, before ?? null)) };
}
