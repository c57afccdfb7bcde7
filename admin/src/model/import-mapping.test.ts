import { describe, expect, test } from "vitest";
import { guessNotation, keysOf, likeness, missingFields, propose, toMappingOption } from "./import-mapping";
import type { AppSchema, Entity, Field } from "./schema";

const field = (name: string, type: Field["type"] = "string", more: Partial<Field> = {}): Field => ({
  name, type, required: false, unique: false, default: null, enum: null, precision: null, auto: null,
  read: true, create: true, update: true, filter: true, masked: false, ...more,
});

const entity = (name: string, fields: Field[], more: Partial<Entity> = {}): Entity => ({
  name, actions: ["read", "create", "update"], primary_key: { fields: ["id"], type: "uuid", generated: true }, soft_delete: false, slug: null,
  fields: [field("id", "uuid", { create: false, update: false, unique: true }), ...fields], relations: [], state_machines: [], ...more,
});

const relation = { name: "supplies", type: "one_to_many", source: "supplier", target: "article", source_key: "id", target_key: "supplier_id", on_delete: "restrict", nested: false, joined: false } as const;
const supplier = entity("supplier", [field("number", "string", { unique: true }), field("name"), field("city")]);
const article = entity(
  "article",
  [
    field("title", "string", { required: true }),
    field("price", "decimal"),
    field("since", "date"),
    field("stage", "string", { enum: ["draft", "live"] }),
    field("supplier_id", "uuid"),
    field("total", "decimal", { computed: true }),
    field("code", "string", { unique: true }),
  ],
  { relations: [relation] },
);
const schema: AppSchema = { version: 1, entities: [supplier, article] };

const targets = (columns: string[], rows: Record<string, string>[]) =>
  Object.fromEntries(Object.entries(propose(schema, article, columns, rows)).map(([column, { target }]) => [column, target]));

describe("the proposed mapping", () => {
  test("finds fields by their names, whatever the spelling", () => {
    const found = propose(schema, article, ["Title", "PRICE", "supplierId", "Stages"], []);
    expect(found["Title"]).toEqual({ target: { field: "title" }, confidence: 0.95 });
    expect(found["PRICE"]!.target).toEqual({ field: "price" });
    expect(found["Stages"]!.target).toEqual({ field: "stage" });
  });
  test("fills no computed field, no field twice, and leaves strangers alone", () => {
    expect(targets(["total", "Code", "code", "Weather", "_row", "_reasons"], [])).toEqual({
      total: null, Code: { field: "code" }, code: null, Weather: null, _row: null, _reasons: null,
    });
  });
  test("finds a reference by a name or number of the other record", () => {
    const rows = [{ Supplier: "Acme", "Supplier number": "S-1" }];
    expect(targets(["Supplier"], rows)).toEqual({ Supplier: { field: "supplier_id", by: "name" } });
    expect(targets(["Supplier number"], rows)).toEqual({ "Supplier number": { field: "supplier_id", by: "number" } });
    const keys = [{ supplier_id: "01a22d90-4572-75f1-ac5d-c13c08380b36" }];
    expect(targets(["supplier_id"], keys)).toEqual({ supplier_id: { field: "supplier_id" } });
  });
  test("is less sure where the values do not fit", () => {
    const good = propose(schema, article, ["since"], [{ since: "2026-01-31" }])["since"]!;
    const bad = propose(schema, article, ["since"], [{ since: "last year" }])["since"]!;
    expect(good.confidence).toBe(1);
    expect(bad.confidence).toBeLessThan(0.5);
    expect(bad.target).toBeNull();
  });
  test("an exact name beats a similar one", () => {
    expect(likeness("code", "code")).toBe(1);
    expect(likeness("Code", "code number")).toBeLessThan(likeness("code", "codes") + 0.001);
  });
});

describe("notation", () => {
  const mapping = { p: { field: "price" }, d: { field: "since" } };
  test.each([
    [{ p: "1.234,50", d: "31.12.2026" }, { decimal: ",", dates: "dmy" }],
    [{ p: "1,234.50", d: "12/31/2026" }, { decimal: ".", dates: "mdy" }],
    [{ p: "12,5", d: "2026-12-31" }, { decimal: ",", dates: "iso" }],
    [{ p: "12.5", d: "31/12/2026" }, { decimal: ".", dates: "dmy" }],
  ])("%o", (row, expected) => {
    expect(guessNotation(article, mapping, [row])).toEqual(expected);
  });
});

test("keys are unique fields that a column fills; required fields that nothing fills are named", () => {
  const mapping = { a: { field: "code" }, b: { field: "price" }, c: null, d: { field: "supplier_id", by: "number" } };
  expect(keysOf(article, mapping)).toEqual(["code"]);
  expect(missingFields(article, mapping)).toEqual(["title"]);
  expect(toMappingOption(mapping)).toEqual({ a: "code", b: "price", c: null, d: { field: "supplier_id", by: "number" } });
});
