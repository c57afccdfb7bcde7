/** What has become of a list since a moment, as the API tells it. Pure. */

import { type Entity, labelOf, type Row } from "./schema";

export interface ListChange {
  id: string;
  change: "entered" | "left" | "changed";
  record: Row;
  changed?: Record<string, { old: unknown; new: unknown }>;
}

export interface RowDiff {
  id: string;
  label: string;
  change: ListChange["change"];
  fields: { field: string; before: unknown; after: unknown }[];
}

/** The changes in words' reach. Fields that the server sets with every change do not count; a row with no others is left out. */
export function diffOf(entity: Entity, changes: readonly ListChange[]): RowDiff[] {
  const automatic = new Set(entity.fields.filter((field) => field.auto === "update").map((field) => field.name));
  return changes.flatMap(({ id, change, record, changed = {} }): RowDiff[] => {
    const fields = Object.entries(changed)
      .filter(([field]) => !automatic.has(field))
      .map(([field, values]) => ({ field, before: values.old, after: values.new }));
    return change === "changed" && fields.length === 0 ? [] : [{ id, label: labelOf(entity, record), change, fields }];
  });
}
