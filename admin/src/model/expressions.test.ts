import { describe, expect, test } from "vitest";
import { complete } from "./completion";
import { namesOf } from "./expressions";
import { mistakeIn, rangeOf } from "./mistakes";
import { stepNames } from "./workflow-names";
import type { AppSchema } from "./schema";

const field = (name: string, type: string, more = {}) => ({ name, type, enum: null, ...more });
const schema = {
  version: 1,
  entities: [
    {
      name: "order", soft_delete: true,
      fields: [field("title", "string"), field("amount", "decimal"), field("stage", "string", { enum: ["draft", "sent"] })],
      relations: [{ name: "lines", source: "order", target: "line" }],
    },
    { name: "line", soft_delete: false, fields: [field("price", "decimal"), field("quantity", "int")], relations: [] },
  ],
} as unknown as AppSchema;
const labels = (text: string, names = namesOf("rule", schema, "order", [{ relation: "lines" }])) => complete(text, names)?.options.map((option) => option.label) ?? [];

describe("completion", () => {
  test("names depend on where the expression stands", () => {
    expect(labels("")).toEqual(expect.arrayContaining(["record", "old", "related", "len", "true"]));
    expect(labels("", namesOf("visibility", schema, "order"))).not.toContain("old");
    expect(labels("", namesOf("webhook", schema, "order"))).toContain("changes");
    expect(labels("context.", stepNames({ context: { deal: "record.id" }, inputs: { amount: {} } }, schema))).toEqual(["deal", "amount"]);
  });
  test("members of a record, of its changes, and of rows within the functions that go over a list", () => {
    expect(labels("record.am")).toEqual(["title", "amount", "stage", "deleted_at"]);
    expect(labels("changes.amount.", namesOf("notification", schema, "order"))).toEqual(["old", "new"]);
    expect(labels("sum(related.lines, ")).toEqual(expect.arrayContaining(["price", "quantity", "it", "record"]));
    expect(labels("len(record.title) > 3 && sum(related.lines, it.")).toEqual(["price", "quantity"]);
    expect(labels("related.lines, ")).not.toContain("price");
  });
  test("an option replaces the last name only", () => {
    expect(complete("record.am", namesOf("rule", schema, "order"))?.from).toBe(7);
  });
  test("values of an enum after a comparison, in the quotes that are typed", () => {
    expect(labels("record.stage == ")).toEqual(['"draft"', '"sent"']);
    expect(labels("record.stage != 'd")).toEqual(["'draft'", "'sent'"]);
    expect(labels("record.stage in [")).toEqual(['"draft"', '"sent"']);
  });
  test("nothing inside a text, nor after a finished word", () => {
    expect(labels('record.title == "rec')).toEqual([]);
    expect(labels("record.title ")).toContain("in");
  });
});

describe("mistakes", () => {
  test("the server's position becomes a range of the text", () => {
    const found = mistakeIn("record has no `titel`; do you mean `title`? (line 2, column 11)");
    expect(found).toEqual({ message: "record has no `titel`; do you mean `title`?", line: 2, column: 11 });
    const text = "1 < 2 &&\n   record.titel";
    expect(text.slice(rangeOf(text, found!).from, rangeOf(text, found!).to)).toBe("titel");
    expect(mistakeIn("is required")).toBeUndefined();
  });
  test("a mistake at the end of the text marks what stands before", () => {
    expect(rangeOf("a >", { line: 1, column: 4, message: "" })).toEqual({ from: 2, to: 3 });
    expect(rangeOf("", { line: 1, column: 1, message: "" })).toEqual({ from: 0, to: 0 });
  });
});
