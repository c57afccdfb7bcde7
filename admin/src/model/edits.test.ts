import { describe, expect, test } from "vitest";
import { clashesOf, countOf, NO_EDITS, rebased, toBulk, withCell, withoutCell, withoutSaved, withRefusals } from "./edits";
import { moved, toPage, withParts } from "./filter";
import type { Entity, Row } from "./schema";
import { defaultOf, differs, isPlain, openedBy, type SavedView } from "./views";

const deal = { name: "deal", primary_key: { fields: ["id"], type: "uuid", generated: true }, fields: [], relations: [], slug: null } as unknown as Entity;
const one: Row = { id: "1", title: "Oven", amount: 1 };
const two: Row = { id: "2", title: "Press", amount: 2 };

describe("edits of cells", () => {
  const edits = withCell(withCell(NO_EDITS, deal, one, "amount", "10"), deal, two, "title", "Mill");
  test("are counted by cell, and gone when the old value is back", () => {
    expect(countOf(edits)).toBe(2);
    expect(countOf(withCell(edits, deal, one, "amount", 1))).toBe(1);
    expect(countOf(withoutCell(edits, "2", "title"))).toBe(1);
  });
  test("are sent with their keys, in their order", () => {
    expect(toBulk(edits, deal, (id) => Number(id) + 2)).toEqual([{ id: "1", amount: "10", _version: 3 }, { id: "2", title: "Mill", _version: 4 }]);
  });
  test("meet what others have stored in the same field only", () => {
    const stored = new Map([["1", { ...one, title: "Oven II" }], ["2", { ...two, title: "Saw" }]]);
    expect(clashesOf(edits, stored)).toEqual([{ id: "2", field: "title", theirs: "Saw" }]);
    expect(clashesOf(rebased(edits, stored), stored)).toEqual([]);
  });
  test("a field is held against what was shown when it was edited first", () => {
    const later = withCell(edits, deal, { ...one, amount: 5, title: "Oven II" }, "title", "Oven III");
    expect(later.get("1")!.base).toMatchObject({ amount: 1, title: "Oven II" });
  });
  test("keep what the server said of each, by the order in which they were sent", () => {
    const refused = withRefusals(edits, edits, [{ index: 1, field: "title", message: "taken" }, { index: 0, message: "no" }, { index: 1, field: "hidden", message: "odd" }]);
    expect(refused.get("1")!.refusals).toEqual({ "": "no" });
    expect(refused.get("2")!.refusals).toEqual({ title: "taken", "": "hidden: odd" });
    expect(withCell(refused, deal, two, "title", "Hammer").get("2")!.refusals).toEqual({});
  });
  test("that were made during a save stand upon what was saved", () => {
    const more = withCell(edits, deal, one, "amount", "11");
    expect(withoutSaved(more, edits).get("1")).toMatchObject({ base: { amount: "10" }, values: { amount: "11" } });
    expect(withoutSaved(more, edits).has("2")).toBe(false);
  });
});

describe("the state of a list", () => {
  test("another filter begins at the first page; other columns do not", () => {
    const state = { sort: "a", page: { cursor: "x" } };
    expect(withParts(state, { sort: "b" }).page).toBeUndefined();
    expect(withParts(state, { columns: ["a"] }).page).toEqual({ cursor: "x" });
    expect(toPage({ cursor: "", back: true })).toEqual({ cursor: "", direction: "backward" });
  });
  test("columns are moved to the place of others", () => {
    expect(moved(["a", "b", "c"], "a", "c")).toEqual(["b", "c", "a"]);
    expect(moved(["a", "b", "c"], "c", "a")).toEqual(["c", "a", "b"]);
    expect(moved(["a"], "a", "z")).toEqual(["a"]);
  });
});

describe("saved views", () => {
  const view = (id: string, scope: string, isDefault: boolean): SavedView => ({ id, entity: "deal", name: id, scope, state: { sort: "a", default: isDefault }, owner: null, editable: true });
  test("one's own default comes first", () => {
    expect(defaultOf([view("all", "all", true), view("mine", "me", true), view("role", "role:x", true)])?.id).toBe("mine");
    expect(defaultOf([view("all", "all", true), view("mine", "me", false)])?.id).toBe("all");
    expect(defaultOf([view("mine", "me", false)])).toBeUndefined();
  });
  test("say whether the list was changed since", () => {
    const opened = openedBy(view("mine", "me", true));
    expect(opened).toEqual({ sort: "a", view: "mine" });
    expect(differs(view("mine", "me", true), { ...opened, page: { cursor: "x" } })).toBe(false);
    expect(differs(view("mine", "me", true), { ...opened, sort: "b" })).toBe(true);
    expect([isPlain({}), isPlain(opened), isPlain({ q: "x" })]).toEqual([true, false, false]);
  });
});
