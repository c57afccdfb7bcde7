import { expect, test } from "vitest";
import { type Span, extentOf, holds, layOut, parentAt, seenRows } from "./trace";

const span = (id: string, ms: number, begin: number, children: Span[] = [], more: Partial<Span> = {}): Span => ({
  span_id: id, source: "engine", component: "c", action: id, entity: null, duration_ms: ms, status: "ok", metadata: null,
  created_at: new Date(begin).toISOString(), children, ...more,
});
const rows = layOut(span("root", 100, 0, [span("a", 20, 0, [span("a1", 5, 1)]), span("b", 50, 30, [span("b1", 10, 40)], { metadata: { path: "/deal" } })]));
const ids = (found: typeof rows) => found.map((row) => row.span.span_id);

test("what is below a collapsed span is not seen", () => {
  expect(ids(seenRows(rows, new Set(["a"]), false))).toEqual(["root", "a", "b", "b1"]);
  expect(ids(seenRows(rows, new Set(["root"]), false))).toEqual(["root"]);
});

test("the critical path is what the trace waited for", () => {
  expect(ids(seenRows(rows, new Set(), true))).toEqual(["root", "b", "b1"]);
});

test("a row knows the one that it belongs to", () => {
  expect(ids(rows)).toEqual(["root", "a", "a1", "b", "b1"]);
  expect([0, 1, 2, 3, 4].map((at) => parentAt(rows, at))).toEqual([-1, 0, 1, 0, 3]);
});

test("a search looks at names and metadata", () => {
  expect(ids(rows.filter((row) => holds(row, "DEAL")))).toEqual(["b"]);
  expect(rows.filter((row) => holds(row, "engine"))).toHaveLength(5);
});

test("a trace of 32,000 spans is laid out without recursion", () => {
  const deep = Array.from({ length: 32_000 }).reduce<Span>((child, _, at) => span(`s${at}`, 1, 0, [child]), span("leaf", 1, 0));
  expect(layOut(deep)).toHaveLength(32_001);
});

test("effects after the end stretch the time, but not without limit, and are not waited for", () => {
  const late = (begin: number) => layOut(span("root", 100, 0, [span("a", 20, 0), span("late", 50, begin)]));
  expect(extentOf(rows, 100)).toBe(100);
  expect(extentOf(late(400), 100)).toBe(450);
  expect(extentOf(late(86_400_000), 100)).toBe(2_000);
  expect(ids(seenRows(late(400), new Set(), true))).toEqual(["root", "a"]);
});
