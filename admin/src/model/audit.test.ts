import { expect, test } from "vitest";
import { type AuditRow, differencesOf, isUndoable, sayValue } from "./audit";

const row: AuditRow = {
  id: "1", source: "data", entity: "note", record_id: "5", action: "update", old_data: { id: "5", text: "a", gone: 1 }, new_data: { id: "5", text: "b" },
  changed_fields: ["text", "gone"], user_email: null, ip_address: null, trace_id: null, timestamp: "2026-01-01T00:00:00Z", position: 7,
};

test("changed fields come first; what is on one side only is shown, too", () => {
  expect(differencesOf(row)).toEqual([
    { field: "text", before: "a", after: "b", changed: true },
    { field: "gone", before: 1, after: undefined, changed: true },
    { field: "id", before: "5", after: "5", changed: false },
  ]);
});

test("a creation has nothing before, a deletion nothing after", () => {
  expect(differencesOf({ ...row, old_data: null, changed_fields: ["text"] })[0]).toEqual({ field: "text", before: undefined, after: "b", changed: true });
  expect(differencesOf({ ...row, new_data: null, changed_fields: [] })).toHaveLength(3);
});

test("values are words, and only commits of records can be undone", () => {
  expect([null, undefined, 0, false, { a: 1 }, "x"].map(sayValue)).toEqual(["–", "–", "0", "false", '{"a":1}', "x"]);
  expect([isUndoable(row), isUndoable({ ...row, source: "gateway" })]).toEqual([true, false]);
});
