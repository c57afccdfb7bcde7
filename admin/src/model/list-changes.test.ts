import { expect, test } from "vitest";
import { diffOf } from "./list-changes";
import type { Entity } from "./schema";

const field = (name: string, auto: string | null = null) => ({ name, type: "string", read: true, masked: false, auto });
const deal = { primary_key: { fields: ["id"] }, slug: null, fields: [field("id"), field("title"), field("updated_at", "update")] } as unknown as Entity;

test("a list says what entered, left and changed, without what changes always", () => {
  const always = { updated_at: { old: "1", new: "2" } };
  expect(
    diffOf(deal, [
      { id: "4", change: "entered", record: { id: "4", title: "e" } },
      { id: "3", change: "changed", record: { id: "3", title: "d" }, changed: { title: { old: "c", new: "d" }, ...always } },
      { id: "2", change: "left", record: { id: "2", title: "b" } },
      { id: "1", change: "changed", record: { id: "1", title: "a" }, changed: always },
    ]),
  ).toEqual([
    { id: "4", label: "e", change: "entered", fields: [] },
    { id: "3", label: "d", change: "changed", fields: [{ field: "title", before: "c", after: "d" }] },
    { id: "2", label: "b", change: "left", fields: [] },
  ]);
});
