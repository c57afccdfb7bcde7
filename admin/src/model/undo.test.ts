import { expect, test } from "vitest";
import { undoPlan, type VersionChange } from "./undo";

const version = (number: number, changed: VersionChange["changed"]): VersionChange => ({ version: number, action: "update", at: "", user: null, changed });
const HISTORY = [
  version(4, { title: { old: "b", new: "c" } }),
  version(3, { note: { old: null, new: "x" } }),
  version(2, { title: { old: "a", new: "b" }, amount: { old: 1, new: 2 } }),
  version(1, {}),
];

test("fields go back to what stood before, and say which later version has changed them again", () => {
  const plan = undoPlan(HISTORY, 2, { title: "c", amount: 2, note: "x" });
  expect(plan.since).toBe(2);
  expect(plan.fields).toEqual([
    { field: "title", now: "c", before: "a", later: HISTORY[0] },
    { field: "amount", now: 2, before: 1, later: undefined },
  ]);
});

test("the newest version meets nothing; what is back already is left out", () => {
  expect(undoPlan(HISTORY, 4, { title: "b" })).toEqual({ since: 0, fields: [] });
});
