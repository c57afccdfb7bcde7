/** The rows of a widget as groups and figures, and these as a chart. Pure. */

import { type FigureFunction, FUNCTIONS, type KpiName, type Query, type WidgetMeta } from "./dashboards";
import { type Part, partOf, wholeTimes } from "./board-times";
import type { Row } from "./schema";

export interface Figure {
  /** What it is called in `sort` and `having`: `count`, `sum.amount`; of workflows the key of the row. */
  key: string;
  function: FigureFunction | undefined;
  field: string | undefined;
  unit: "number" | "seconds";
}

export interface Shape {
  groups: string[];
  figures: Figure[];
}

const ofKpi = (key: string, unit: Figure["unit"] = "number"): Figure => ({ key, function: undefined, field: undefined, unit });

const KPI_SHAPES: Record<KpiName, Shape> = {
  throughput: { groups: ["at"], figures: [ofKpi("started"), ofKpi("completed"), ofKpi("failed")] },
  approval_time: { groups: ["workflow", "step"], figures: [ofKpi("avg_seconds", "seconds"), ofKpi("p95_seconds", "seconds")] },
  bottlenecks: { groups: ["workflow", "step"], figures: [ofKpi("total_seconds", "seconds")] },
  sla: { groups: [], figures: [ofKpi("met"), ofKpi("breached")] },
  pending_by_approver: { groups: ["who"], figures: [ofKpi("count")] },
};

/** The figures that a query asks for; the number of records where it names none. */
export function figuresOf(query: Query): Figure[] {
  const named = FUNCTIONS.flatMap((name) => (query[name] ?? []).map((field): Figure => ({ key: `${name}.${field}`, function: name, field, unit: "number" })));
  const count: Figure = { key: "count", function: "count", field: undefined, unit: "number" };
  return query.count !== undefined || named.length === 0 ? [count, ...named] : named;
}

export function shapeOf(query: Query): Shape {
  return query.kpi ? KPI_SHAPES[query.kpi] : { groups: query.group_by ?? [], figures: figuresOf(query) };
}

export function valueOf(row: Row, figure: Figure): unknown {
  if (figure.field === undefined) return row[figure.key];
  return (row[figure.function!] as Row | undefined)?.[figure.field];
}

/** For whom something waits, in one word; undefined for anyone. */
function whoOf(row: Row): unknown {
  return row["role"] ?? (row["user"] as Row | undefined)?.["email"] ?? (row["user"] as Row | undefined)?.["id"];
}

export function groupValue(row: Row, group: string): unknown {
  return group === "who" && !("who" in row) ? whoOf(row) : row[group];
}

export interface Series {
  figure: Figure;
  /** The values of the second and further groups; none where each figure is a series. */
  values: unknown[];
  numbers: (number | null)[];
  rows: (Row | undefined)[];
  /** The same of the period before, where it was asked for. */
  before: (number | null)[] | undefined;
}

export interface Chart {
  group: string;
  part: Part | undefined;
  /** The values of the first group: what stands along the axis. */
  categories: unknown[];
  /** The groups that tell series apart. */
  further: string[];
  series: Series[];
}

const numberOf = (value: unknown): number | null => (value === null || value === undefined || Number.isNaN(Number(value)) ? null : Number(value));
const keyOf = (values: readonly unknown[]) => JSON.stringify(values);
const ADDITIVE = new Set(["count", "sum", "count_distinct", undefined]);

/** Rows as a chart: the first group along the axis, the others (or several figures) as series. */
export function chartOf(query: Query, rows: readonly Row[], meta: WidgetMeta = {}): Chart {
  if (query.kpi === "sla") return slaChart(rows);
  const { groups, figures } = shapeOf(query);
  const [group = "", ...further] = query.kpi === "throughput" || !query.kpi ? groups : ["name"];
  const named = query.kpi && query.kpi !== "throughput" ? rows.map((row) => ({ ...row, name: kpiName(groups, row) })) : rows;
  const part = query.kpi === "throughput" ? "day" : partOf(group);
  const categories = categoriesOf(named, group, part, meta);
  const kinds = further.length === 0 ? [[]] : distinct(named.map((row) => further.map((name) => groupValue(row, name))));
  const series = kinds.flatMap((values) => (further.length > 0 ? figures.slice(0, 1) : figures).map((figure) => seriesOf(named, { group, further, categories }, values, figure, part !== undefined)));
  return { group, part, categories, further, series: withBefore(series, { group, further, categories, part }, meta) };
}

function kpiName(groups: string[], row: Row): unknown {
  const values = groups.map((name) => groupValue(row, name));
  return values.every((value) => value === undefined) ? undefined : values.map(String).join(" · ");
}

function slaChart(rows: readonly Row[]): Chart {
  const figures = KPI_SHAPES.sla.figures;
  const row = rows[0];
  const series = { figure: ofKpi("count"), values: [], numbers: figures.map((figure) => numberOf(row?.[figure.key])), rows: figures.map(() => row), before: undefined };
  return { group: "sla", part: undefined, categories: figures.map((figure) => figure.key), further: [], series: [series] };
}

function distinct<T>(values: T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

function categoriesOf(rows: readonly Row[], group: string, part: Part | undefined, meta: WidgetMeta): unknown[] {
  const found = distinct(rows.map((row) => groupValue(row, group) ?? null));
  return part ? wholeTimes(found, part, meta) : found;
}

type Axis = Pick<Chart, "group" | "further" | "categories">;

function seriesOf(rows: readonly Row[], { group, further, categories }: Axis, values: unknown[], figure: Figure, isTime: boolean): Series {
  const byKey = new Map(rows.map((row) => [keyOf([groupValue(row, group) ?? null, ...further.map((name) => groupValue(row, name))]), row]));
  const found = categories.map((category) => byKey.get(keyOf([category, ...values])));
  const none = isTime && ADDITIVE.has(figure.function) ? 0 : null;
  return { figure, values, rows: found, numbers: found.map((row) => (row === undefined ? none : numberOf(valueOf(row, figure)))), before: undefined };
}

/** Points of time are compared by their order, other groups by their values. */
function withBefore(series: Series[], axis: Axis & { part: Part | undefined }, { previous }: WidgetMeta): Series[] {
  if (!previous) return series;
  const isTime = axis.part !== undefined;
  const categories = isTime ? categoriesOf(previous.data, axis.group, axis.part, previous) : axis.categories;
  return series.map((each) => {
    const before = seriesOf(previous.data, { ...axis, categories }, each.values, each.figure, isTime).numbers;
    return { ...each, before: axis.categories.map((_, at) => before[at] ?? null) };
  });
}
