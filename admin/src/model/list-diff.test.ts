import { expect, test } from "vitest";
import { listDiff } from "./list-diff";
import type { Entity } from "./schema";

const field = (name: string, auto: string | null = null) => ({ name, type: "string", read: true, masked: false, auto });
const deal = { primary_key: { fields: ["id"] }, slug: null, fields: [field("id"), field("title"), field("updated_at", "update")] } as unknown as Entity;

test("a list says what entered, left and changed", () => {
  const before = [{ id: "1", title: "a", updated_at: "1" }, { id: "2", title: "b", updated_at: "1" }, { id: "3", title: "c", updated_at: "1" }];
  const after = [{ id: "1", title: "a", updated_at: "2" }, { id: "3", title: "d", updated_at: "2" }, { id: "4", title: "e", updated_at: "2" }];
  expect(listDiff(deal, before, after)).toEqual([
    { id: "4", label: "e", change: "entered", fields: [] },
    { id: "2", label: "b", change: "left", fields: [] },
    { id: "3", label: "d", change: "changed", fields: [{ field: "title", before: "c", after: "d" }] },
  ]);
});
