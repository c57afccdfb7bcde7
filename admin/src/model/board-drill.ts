/** The list behind a figure: the same conditions, the same time, and the value of its group. Pure. */

import { boundsOf, partOf } from "./board-times";
import { fieldAt, spelled } from "./board-fields";
import type { Query, WidgetMeta } from "./dashboards";
import type { Condition, ListState } from "./filter";
import type { AppSchema, Entity, Row } from "./schema";
import { groupValue } from "./board-figures";

/** The text of a condition's value as URLs have it. */
export function asText(value: unknown): string {
  if (Array.isArray(value)) return value.map(asText).join(",");
  return value === null || value === undefined ? "" : String(value);
}

const OPERATORS = new Set(["eq", "neq", "gt", "gte", "lt", "lte", "in", "not_in", "between", "like", "ilike", "is_null", "contains", "starts_with", "ends_with"]);

/** A key and value of `filter` as a condition of a list. */
export function conditionOf(key: string, value: unknown): Condition {
  const last = key.split(".").at(-1)!;
  const hasOperator = key.includes(".") && OPERATORS.has(last);
  const field = hasOperator ? key.slice(0, -last.length - 1) : key;
  const op = hasOperator ? last : "eq";
  if (op === "is_null" || (op === "eq" && value === null)) return { field, op: value === false || value === "false" ? "is_not_null" : "is_null", value: "" };
  return { field, op, value: asText(value) };
}

/** The field that the time of a widget is about. */
export function timeFieldOf(query: Query, entity: Entity): string | undefined {
  return query.time_field ?? entity.fields.find((field) => field.auto === "create")?.name;
}

function ofTime(query: Query, entity: Entity, meta: WidgetMeta): Condition[] {
  const name = timeFieldOf(query, entity);
  if (name === undefined || meta.to === undefined) return [];
  const isDate = entity.fields.find((field) => field.name === name)?.type === "date";
  // A day belongs to the time that it begins in.
  const to = isDate ? new Date(Date.parse(meta.to) - 1).toISOString().slice(0, 10) : meta.to;
  const from = meta.from && isDate ? firstDay(meta.from) : meta.from;
  return [...(from ? [{ field: name, op: "gte", value: from }] : []), { field: name, op: isDate ? "lte" : "lt", value: to }];
}

function firstDay(moment: string): string {
  const at = Date.parse(moment);
  const day = new Date(at).toISOString().slice(0, 10);
  return Date.parse(`${day}T00:00:00Z`) === at ? day : new Date(at + 86_400_000).toISOString().slice(0, 10);
}

function ofGroup(schema: AppSchema, entity: Entity, query: Query, group: string, value: unknown): Condition[] {
  const part = fieldAt(schema, entity, group) ? undefined : partOf(group);
  const path = part ? group.slice(0, -part.length - 1) : group;
  const field = spelled(schema, entity, path);
  if (value === null || value === undefined) return [{ field, op: "is_null", value: "" }];
  if (!part) return [{ field, op: "eq", value: asText(value) }];
  const { from, until, days } = boundsOf(value, part, query.tz);
  const [first, next] = fieldAt(schema, entity, path)?.type === "date" ? days : [from, until];
  return [{ field, op: "gte", value: first }, { field, op: "lt", value: next }];
}

/** Times of which each bound stands once: the latest beginning and the earliest end. */
function narrowed(conditions: Condition[]): Condition[] {
  const kept = new Map<string, Condition>();
  for (const condition of conditions) {
    const key = `${condition.field} ${condition.op}`;
    const other = kept.get(key);
    const isTighter = other === undefined || (condition.op === "gte") === Date.parse(condition.value) > Date.parse(other.value);
    if (isTighter) kept.set(key, condition);
  }
  return [...kept.values()];
}

/** The list of the records that a figure counts; `row` names its groups, and without one it is all of them. */
export function drillDown(schema: AppSchema, entity: Entity, query: Query, meta: WidgetMeta, row?: Row): ListState {
  const filter = Object.entries(query.filter ?? {}).map(([key, value]) => conditionOf(key, value));
  const own = filter.map((condition) => ({ ...condition, field: spelled(schema, entity, condition.field) }));
  const groups = row ? (query.group_by ?? []).filter((group) => group in row).flatMap((group) => ofGroup(schema, entity, query, group, groupValue(row, group))) : [];
  const where = [...own, ...narrowed([...ofTime(query, entity, meta), ...groups])];
  const sort = query.fields ? query.sort?.[0] : undefined;
  return { ...(where.length > 0 ? { where } : {}), ...(sort ? { sort } : {}) };
}
