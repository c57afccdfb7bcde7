import { describe, expect, test } from "vitest";
import { changed, merge } from "./changes";
import { nextSort, toParameter, toQuery } from "./filter";
import { parseExact } from "./json";
import { type Entity, idOf, labelField, labelOf } from "./schema";
import { layOut, type Span } from "./trace";

const field = (name: string, type = "string", more = {}) => ({
  name, type, required: false, unique: false, default: null, enum: null, precision: null, auto: null,
  read: true, create: true, update: true, filter: true, masked: false, ...more,
});

const entity = (fields: string[], more = {}): Entity =>
  ({
    name: "deal", actions: ["read"], primary_key: { fields: ["id"], type: "uuid", generated: true }, soft_delete: false, slug: null,
    fields: [field("id", "uuid"), ...fields.map((name) => field(name))], relations: [], state_machines: [], ...more,
  }) as Entity;

describe("numbers keep their digits", () => {
  test.each([
    ["1234567890123456.78", "1234567890123456.78"],
    ["12.50", "12.50"],
    ["9007199254740993", "9007199254740993"],
    ["12.5", 12.5],
    ["-3", -3],
  ])("%s", (text, value) => {
    expect(parseExact(`{"a": ${text}}`)).toEqual({ a: value });
  });
});

describe("filters", () => {
  test("text is looked for without regard to case, and what people type is no pattern", () => {
    expect(toParameter({ field: "title", op: "contains", value: "50%" })).toEqual(["filter[title.ilike]", "%50\\%%"]);
    expect(toParameter({ field: "title", op: "is_null", value: "" })).toEqual(["filter[title.is_null]", "true"]);
    expect(toParameter({ field: "amount", op: "gte", value: "3" })).toEqual(["filter[amount.gte]", "3"]);
  });
  test("half of a condition is not asked", () => {
    expect(toQuery({ where: [{ field: "title", op: "eq", value: "" }], q: "x", sort: "-a" }).toString()).toBe("q=x&sort=-a");
  });
  test("a column sorts up, down, and not at all", () => {
    expect([nextSort(undefined, "a"), nextSort("a", "a"), nextSort("-a", "a"), nextSort("b", "a")]).toEqual(["a", "-a", undefined, "a"]);
  });
});

describe("edits", () => {
  const base = { id: 1, title: "a", amount: 1, tags: ["x"] };
  test("only what differs is sent", () => {
    expect(changed(base, { ...base, title: "b", tags: ["x"] })).toEqual({ title: "b" });
  });
  test("disjoint edits are merged", () => {
    expect(merge(base, { ...base, title: "b" }, { ...base, amount: 2 })).toEqual({
      merged: { ...base, title: "b", amount: 2 },
      conflicts: [],
    });
  });
  test("a field that both changed differently is a conflict; the same change is none", () => {
    const found = merge(base, { ...base, title: "b", amount: 5 }, { ...base, title: "c", amount: 5 });
    expect(found.conflicts).toEqual([{ field: "title", base: "a", mine: "b", theirs: "c" }]);
    expect(found.merged["amount"]).toBe(5);
  });
});

describe("records in words", () => {
  test("by a usual name, else the first text, else the key", () => {
    expect(labelField(entity(["note", "title"]))).toBe("title");
    expect(labelField(entity(["note"]))).toBe("note");
    expect(labelField(entity([]))).toBe("id");
    expect(labelOf(entity(["title"]), { id: "7", title: "" })).toBe("7");
  });
  test("composite keys are joined by commas", () => {
    const composite = entity([], { primary_key: { fields: ["a", "b"], type: "string", generated: false } });
    expect(idOf(composite, { a: "x", b: 2 })).toBe("x,2");
  });
});

describe("the waterfall of a trace", () => {
  const span = (id: string, at: number, duration: number, children: Span[] = []): Span => ({
    span_id: id, source: "http", component: "", action: id, entity: null, duration_ms: duration, status: "ok", metadata: null,
    created_at: new Date(at).toISOString(), children,
  });
  test("children follow their parent by their begin; the critical path is what was waited for last", () => {
    const root = span("root", 0, 100, [span("late", 60, 40), span("early", 10, 20, [span("deep", 12, 5)])]);
    expect(layOut(root).map((row) => [row.span.span_id, row.depth, row.start, row.critical])).toEqual([
      ["root", 0, 0, true],
      ["early", 1, 10, false],
      ["deep", 2, 12, false],
      ["late", 1, 60, true],
    ]);
  });
  test("32,000 spans under one another are laid out", () => {
    let root = span("leaf", 0, 1);
    for (let depth = 0; depth < 32_000; depth++) root = span(`s${depth}`, 0, 1, [root]);
    expect(layOut(root)).toHaveLength(32_001);
  });
});
