/** Changes of a dashboard that is being built. Pure. */

import { freePlace, placeOf } from "./board-layout";
import { conditionOf } from "./board-drill";
import { type Figure, figuresOf } from "./board-figures";
import { type Conditions, FUNCTIONS, type FigureFunction, type Place, type Query, type QueryKind, type Widget, type WidgetType } from "./dashboards";
import { type Condition, isBare, toParameter } from "./filter";
import { type Entity, labelField } from "./schema";

const SIZES: Record<WidgetType, { w: number; h: number }> = {
  counter: { w: 3, h: 2 }, bar: { w: 6, h: 4 }, line: { w: 6, h: 4 }, pie: { w: 4, h: 4 }, table: { w: 6, h: 5 }, timeline: { w: 4, h: 6 },
};

/** A widget of a type that shows something of an entity at once, below all others. */
export function newWidget(type: WidgetType, title: string, entity: Entity | undefined, widgets: readonly Widget[]): Widget {
  const layout: Place = freePlace(widgets.map(placeOf), SIZES[type]);
  return { id: freeId(type, widgets), title, type, query: firstQuery(type, entity), layout };
}

function freeId(type: string, widgets: readonly Widget[]): string {
  const taken = new Set(widgets.map((widget) => widget.id));
  for (let number = 1; ; number += 1) if (!taken.has(`${type}_${number}`)) return `${type}_${number}`;
}

/** What a widget of a type begins with. */
export function firstQuery(type: WidgetType, entity: Entity | undefined): Query {
  const name = entity?.name ?? "";
  if (type === "timeline") return { entity: name, activity: true };
  if (type === "table") return recordsQuery(entity);
  const choice = entity?.fields.find((field) => field.enum && field.read) ?? entity?.fields.find((field) => field.type === "boolean" && field.read);
  const made = entity?.fields.find((field) => field.auto === "create");
  if (type === "counter") return { entity: name, count: "*" };
  if (type === "line") return { entity: name, count: "*", group_by: made ? [`${made.name}.month`] : [] };
  return { entity: name, count: "*", group_by: choice ? [choice.name] : entity ? [labelField(entity)] : [], sort: ["-count"], limit: 10 };
}

function recordsQuery(entity: Entity | undefined): Query {
  if (!entity) return { entity: "", fields: [] };
  const shown = entity.fields.filter((field) => field.read && !field.auto && field.type !== "uuid" && field.type !== "json").map((field) => field.name);
  return { entity: entity.name, fields: [...new Set([...entity.primary_key.fields, labelField(entity), ...shown])].slice(0, 5), limit: 10 };
}

/** The kinds of queries that a widget of a type can show. */
export function kindsFor(type: WidgetType): QueryKind[] {
  if (type === "timeline") return ["activity"];
  return type === "table" ? ["records", "figures", "kpi"] : ["figures", "kpi"];
}

/** The query of another kind, about the same entity. */
export function ofKind(kind: QueryKind, type: WidgetType, entity: Entity | undefined): Query {
  if (kind === "kpi") return { kpi: "throughput" };
  if (kind === "activity") return firstQuery("timeline", entity);
  if (kind === "records") return recordsQuery(entity);
  return firstQuery(type === "table" || type === "timeline" ? "bar" : type, entity);
}

/** A query with other figures. */
export function withFigures(query: Query, figures: readonly Pick<Figure, "function" | "field">[]): Query {
  const { count: _count, sum: _sum, avg: _avg, min: _min, max: _max, count_distinct: _distinct, ...rest } = query;
  const next: Query = { ...rest, ...(figures.some((figure) => figure.function === "count") ? { count: "*" as const } : {}) };
  for (const name of FUNCTIONS) {
    const fields = figures.filter((figure) => figure.function === name).map((figure) => figure.field ?? "");
    if (fields.length > 0) next[name] = fields;
  }
  return settled(next);
}

/** A query whose sort and conditions name nothing that it no longer shows. */
export function settled(query: Query): Query {
  const figures = figuresOf(query).map((figure) => figure.key);
  const known = new Set([...figures, ...(query.group_by ?? [])]);
  const { sort, having, ...rest } = query;
  const kept = sort?.filter((name) => known.has(name.replace(/^[-+]/, "")));
  const conditions = Object.entries(having ?? {}).filter(([key]) => figures.some((figure) => key === figure || key.startsWith(`${figure}.`)));
  return { ...rest, ...(kept && kept.length > 0 ? { sort: kept } : {}), ...(conditions.length > 0 ? { having: Object.fromEntries(conditions) } : {}) };
}

export const newFigure = (name: FigureFunction, field?: string): Pick<Figure, "function" | "field"> => ({ function: name, field });

/** The conditions of a query one by one, as they are edited. */
export function conditionsOf(conditions: Conditions | undefined): Condition[] {
  return Object.entries(conditions ?? {}).map(([key, value]) => shownLike(conditionOf(key, value)));
}

/** A pattern as the words that it stands for. */
function shownLike(condition: Condition): Condition {
  const found = condition.op === "ilike" ? /^(%?)((?:[^\\%_]|\\.)*)(%?)$/s.exec(condition.value) : null;
  if (!found || (!found[1] && !found[3])) return condition;
  const op = found[1] && found[3] ? "contains" : found[1] ? "ends_with" : "starts_with";
  return { ...condition, op, value: found[2]!.replace(/\\(.)/g, "$1") };
}

/** Conditions as a query holds them.. */
export function toConditions(conditions: readonly Condition[]): Conditions | undefined {
  const pairs = conditions.filter((condition) => condition.field).map((condition): [string, unknown] => {
    const [name, value] = toParameter(condition);
    const key = name.slice("filter[".length, -1);
    if (isBare(condition.op)) return [key, value === "true"];
    return [key, condition.op === "in" ? value.split(",").map((each) => each.trim()) : value];
  });
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
}
