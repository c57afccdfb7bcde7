/** How a list differs from what it was at another moment. Pure. */

import { same } from "./changes";
import { type Entity, idOf, labelOf, type Row } from "./schema";

export interface RowDiff {
  id: string;
  label: string;
  change: "entered" | "left" | "changed";
  fields: { field: string; before: unknown; after: unknown }[];
}

/** What entered, left and changed, in this order. Fields that the server sets with every change do not count. */
export function listDiff(entity: Entity, before: readonly Row[], after: readonly Row[]): RowDiff[] {
  const compared = entity.fields.filter((field) => field.read && field.auto !== "update").map((field) => field.name);
  const earlier = new Map(before.map((row) => [idOf(entity, row), row]));
  const later = new Map(after.map((row) => [idOf(entity, row), row]));
  const plain = (row: Row, change: RowDiff["change"]): RowDiff => ({ id: idOf(entity, row), label: labelOf(entity, row), change, fields: [] });
  const entered = after.filter((row) => !earlier.has(idOf(entity, row))).map((row) => plain(row, "entered"));
  const left = before.filter((row) => !later.has(idOf(entity, row))).map((row) => plain(row, "left"));
  const changed = after.flatMap((row): RowDiff[] => {
    const old = earlier.get(idOf(entity, row));
    const fields = old ? compared.filter((field) => !same(old[field], row[field])).map((field) => ({ field, before: old[field], after: row[field] })) : [];
    return fields.length > 0 ? [{ ...plain(row, "changed"), fields }] : [];
  });
  return [...entered, ...left, ...changed];
}
