import { expect, test } from "vitest";
import { drillDown } from "./board-drill";
import { conditionsOf, firstQuery, newWidget, settled, toConditions, withFigures } from "./board-edit";
import { groupChoices, spelled } from "./board-fields";
import { chartOf, figuresOf } from "./board-figures";
import { answerOf, askedFor, windowsOf } from "./board-preview";
import { boundsOf, partOf, wholeTimes } from "./board-times";
import { askedTime, changeOf, kindOf, lengthMs, plainBoard } from "./dashboards";
import type { AppSchema, Entity, Field, FieldType } from "./schema";

const field = (name: string, type: FieldType, more: Partial<Field> = {}): Field =>
  ({ name, type, required: false, unique: false, default: null, enum: null, precision: null, auto: null, read: true, create: true, update: true, filter: true, masked: false, ...more });
const entity = (name: string, fields: Field[], relations: Entity["relations"] = []): Entity =>
  ({ name, actions: ["read"], primary_key: { fields: ["id"], type: "uuid", generated: true }, soft_delete: true, slug: null, fields: [field("id", "uuid"), ...fields], relations, state_machines: [] });
const buys = { name: "buys", type: "one_to_many" as const, source: "customer", target: "sale", source_key: "id", target_key: "customer_id", on_delete: "restrict", nested: true, joined: false };
const sale = entity("sale", [field("status", "string", { enum: ["open", "paid"] }), field("amount", "decimal"), field("made_at", "timestamp", { auto: "create" }), field("due", "date"), field("customer_id", "uuid")], [buys]);
const customer = entity("customer", [field("name", "string")], [buys]);
const schema: AppSchema = { version: 1, entities: [sale, customer] };

test("a time is asked as a period until now, or as whole days", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  expect(askedTime({ period: "7d" }, now)).toEqual({ from: "2026-03-03T12:00:00.000Z" });
  const { from, to } = askedTime({ from: "2026-03-01", to: "2026-03-01" }, now);
  expect(Date.parse(to!) - Date.parse(from!)).toBe(86_400_000);
  expect([askedTime({ from: "soon" }, now), lengthMs("0d"), lengthMs("4w")]).toEqual([{}, undefined, 4 * 7 * 86_400_000]);
});

test("a change is a part of what was before, where there was something", () => {
  expect([changeOf(12, 10), changeOf(5, 10), changeOf("-5", -10), changeOf(0, 0), changeOf(3, 0), changeOf(1, null)]).toEqual([20, -50, 50, 0, undefined, undefined]);
});

test("a query's kind is told by its keys, and it counts where it names no figure", () => {
  expect([{ kpi: "sla" as const }, { entity: "a", activity: true as const }, { entity: "a", fields: [] }, { entity: "a" }].map(kindOf)).toEqual(["kpi", "activity", "records", "figures"]);
  expect([figuresOf({}), figuresOf({ sum: ["amount"] }), figuresOf({ count: "*", avg: ["amount"] })].map((all) => all.map((each) => each.key))).toEqual([["count"], ["sum.amount"], ["count", "avg.amount"]]);
});

test("keys that say nothing are left out", () => {
  const query = { entity: "sale", tz: null, last: null, compare: null, filter: {}, sum: [], group_by: ["status"], limit: 100 };
  const board = { name: "a", roles: null, widgets: [{ id: "a", title: "A", type: "bar" as const, query: query as never, options: {} }, { id: "b", title: "B", type: "table" as const, query: { entity: "sale", fields: [] } }] };
  expect(plainBoard(board)).toEqual({ name: "a", widgets: [{ id: "a", title: "A", type: "bar", query: { entity: "sale", group_by: ["status"], limit: 100 } }, { id: "b", title: "B", type: "table", query: { entity: "sale", fields: [] } }] });
});

test("times without records stand in a chart as well", () => {
  const rows = [{ "made_at.month": "2026-03-01", count: 2 }, { "made_at.month": "2026-01-01", count: 1 }];
  const previous = { data: [{ "made_at.month": "2025-10-01", count: 4 }], from: "2025-10-01T00:00:00Z", to: "2026-01-01T00:00:00Z" };
  const chart = chartOf({ entity: "sale", group_by: ["made_at.month"] }, rows, { from: "2026-01-01T00:00:00Z", to: "2026-04-01T00:00:00Z", previous });
  expect(chart.categories).toEqual(["2026-01-01", "2026-02-01", "2026-03-01"]);
  expect(chart.series.map((each) => [each.numbers, each.before])).toEqual([[[1, 0, 2], [4, 0, 0]]]);
  expect(wholeTimes(["2026-01-05", null], "week", { from: "2026-01-07T00:00:00Z", to: "2026-01-13T00:00:00Z" })).toEqual(["2026-01-05", "2026-01-12", null]);
  expect([partOf("made_at.month"), partOf("customer.name"), partOf("month")]).toEqual(["month", undefined, undefined]);
});

test("a second group makes series, and so do several figures", () => {
  const rows = [{ status: "open", "customer.name": "Ann", sum: { amount: "1.50" } }, { status: "open", "customer.name": null, sum: { amount: 2 } }, { status: "paid", "customer.name": "Ann", sum: { amount: 3 } }];
  const chart = chartOf({ entity: "sale", group_by: ["status", "customer.name"], sum: ["amount"] }, rows);
  expect(chart.categories).toEqual(["open", "paid"]);
  expect(chart.series.map((each) => [each.values, each.numbers])).toEqual([[["Ann"], [1.5, 3]], [[null], [2, null]]]);
  expect(chartOf({ entity: "sale", group_by: ["status"], count: "*", sum: ["amount"] }, []).series).toHaveLength(2);
  expect(chartOf({ kpi: "sla" }, [{ met: 3, breached: 1 }]).series[0]!.numbers).toEqual([3, 1]);
  expect(chartOf({ kpi: "bottlenecks" }, [{ workflow: "w", step: "s", total_seconds: 5 }])).toMatchObject({ categories: ["w · s"], series: [{ numbers: [5] }] });
});

test("behind a figure is the list with the same conditions, its time and its group", () => {
  const query = { entity: "sale", filter: { "status.in": ["open", "paid"], "customer.name.neq": "x", "due.is_null": false }, group_by: ["customer.name", "made_at.month", "due.month"], tz: "Europe/Berlin" };
  const row = { "customer.name": null, "made_at.month": "2026-03-01", "due.month": "2026-03-01" };
  expect(drillDown(schema, sale, query, { from: "2026-03-10T00:00:00Z", to: "2026-04-10T00:00:00Z" }, row).where).toEqual([
    { field: "status", op: "in", value: "open,paid" },
    { field: "buys.name", op: "neq", value: "x" },
    { field: "due", op: "is_not_null", value: "" },
    { field: "made_at", op: "gte", value: "2026-03-10T00:00:00Z" },
    { field: "made_at", op: "lt", value: "2026-03-31T22:00:00.000Z" },
    { field: "buys.name", op: "is_null", value: "" },
    { field: "due", op: "gte", value: "2026-03-01" },
    { field: "due", op: "lt", value: "2026-04-01" },
  ]);
  expect(boundsOf("2026-03-29T01:00:00Z", "hour", "Europe/Berlin").until).toBe("2026-03-29T02:00:00.000Z");
  expect(drillDown(schema, sale, { entity: "sale" }, {})).toEqual({});
});

test("pickers offer the fields of the entity and of the one record that it refers to", () => {
  expect(groupChoices(schema, sale).map(({ group, items }) => [group, items.includes("made_at.hour"), items.includes("due.hour"), items.at(-1)])).toEqual([["sale", true, false, "customer_id"], ["customer", false, false, "customer.name"]]);
  expect(groupChoices(schema, customer).map(({ group }) => group)).toEqual(["customer"]);
  expect([spelled(schema, sale, "customer.name"), spelled(schema, sale, "made_at.month")]).toEqual(["buys.name", "made_at.month"]);
});

test("conditions are edited one by one, and stay what they were", () => {
  const filter = { "status.in": ["open", "late"], "name.ilike": "%50\\%%", "due.is_null": true, amount: "5" };
  expect(conditionsOf(filter).map(({ op, value }) => [op, value])).toEqual([["in", "open,late"], ["contains", "50%"], ["is_null", ""], ["eq", "5"]]);
  expect(toConditions(conditionsOf(filter))).toEqual(filter);
  expect(toConditions([])).toBeUndefined();
});

test("what a query no longer shows is not sorted or asked for", () => {
  const query = { entity: "sale", sum: ["amount"], group_by: ["status"], sort: ["-sum.amount", "status"], having: { "sum.amount.gt": 1 } };
  expect(withFigures(query, [{ function: "count", field: undefined }])).toEqual({ entity: "sale", count: "*", group_by: ["status"], sort: ["status"] });
  expect(settled(query)).toEqual(query);
});

test("a new widget shows something at a free place", () => {
  const first = newWidget("bar", "By status", sale, []);
  const second = newWidget("bar", "Again", sale, [first]);
  expect([first.query.group_by, second.id, second.layout]).toEqual([["status"], "bar_2", { x: 6, y: 0, w: 6, h: 4 }]);
  expect([firstQuery("line", sale).group_by, firstQuery("table", sale).fields]).toEqual([["made_at.month"], ["id", "status", "amount", "due"]]);
});

test("a preview asks what the dashboard will ask", () => {
  const query = { entity: "sale", last: "30d", group_by: ["status"], sum: ["amount"], filter: { "status.in": ["a", "b"] }, having: { "sum.amount.gt": 1 }, sort: ["-sum.amount"] };
  const [now, before] = windowsOf(query, Date.parse("2026-03-31T00:00:00Z"))!;
  expect(before).toEqual({ from: "2026-01-30T00:00:00.000Z", to: now.from });
  expect(askedFor(query, sale, now)).toEqual({
    path: "/sale/_aggregate",
    query: { "filter[status.in]": "a,b", "filter[made_at.gte]": now.from, "filter[made_at.lt]": now.to, "having[sum.amount.gt]": "1", sort: "-sum.amount", per_page: "100", group_by: "status", sum: "amount" },
  });
  expect(askedFor({ entity: "sale", fields: ["status"] }, sale, undefined)).toEqual({ path: "/sale", query: { per_page: "10", count: "none", fields: "status" } });
  const audit = [{ timestamp: "t", action: "update", entity: "sale", record_id: "1", user_email: "a@b", changed_fields: ["status"], old_data: { status: "open" }, new_data: { status: "paid" } }];
  expect(answerOf({ entity: "sale", activity: true }, audit, undefined).data![0]).toMatchObject({ changed: { status: { old: "open", new: "paid" } }, user: { email: "a@b" } });
});
