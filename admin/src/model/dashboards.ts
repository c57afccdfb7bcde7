/** Dashboards as the API has them: widgets, their queries, and what is answered for each. Pure. */

import type { Row } from "./schema";

export const WIDGET_TYPES = ["counter", "bar", "line", "pie", "table", "timeline"] as const;
export type WidgetType = (typeof WIDGET_TYPES)[number];
export const KPIS = ["throughput", "approval_time", "bottlenecks", "sla", "pending_by_approver"] as const;
export type KpiName = (typeof KPIS)[number];
export const FUNCTIONS = ["sum", "avg", "min", "max", "count_distinct"] as const;
export type FigureFunction = "count" | (typeof FUNCTIONS)[number];

/** Where a widget lies on the grid of 12 columns, and its size there. */
export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

export type Conditions = Record<string, unknown>;

export interface Query {
  entity?: string;
  kpi?: KpiName;
  workflow?: string;
  activity?: true;
  fields?: string[];
  time_field?: string;
  last?: string;
  compare?: "previous_period";
  filter?: Conditions;
  group_by?: string[];
  tz?: string;
  count?: "*";
  sum?: string[];
  avg?: string[];
  min?: string[];
  max?: string[];
  count_distinct?: string[];
  having?: Conditions;
  sort?: string[];
  limit?: number;
}

export interface Widget {
  id: string;
  title: string;
  type: WidgetType;
  query: Query;
  options?: Record<string, unknown>;
  layout?: Partial<Place>;
}

export interface Board {
  id?: string;
  name: string;
  description?: string | null;
  roles?: string[] | null;
  widgets: Widget[];
  refresh_seconds?: number | null;
}

export interface WidgetMeta {
  total?: number;
  from?: string | null;
  to?: string;
  previous?: { data: Row[]; from: string; to: string };
  /** Whether a figure about workflows has looked at all of them. */
  complete?: boolean;
}

/** What is answered for a widget. */
export interface Answer {
  data?: Row[];
  meta?: WidgetMeta;
  error?: { code: string; message: string };
}

const isEmpty = (value: unknown) => value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);

function withoutEmpty<T extends object>(document: T): T {
  return Object.fromEntries(Object.entries(document).filter(([key, value]) => key === "widgets" || key === "fields" || !isEmpty(value))) as T;
}

/** A dashboard without the keys that say nothing, which the API answers as null or empty. */
export function plainBoard(board: Board): Board {
  const widgets = (board.widgets ?? []).map((widget) => withoutEmpty({ ...widget, query: withoutEmpty(widget.query) }));
  return withoutEmpty({ ...board, widgets });
}

export type QueryKind = "figures" | "records" | "activity" | "kpi";

export function kindOf(query: Query): QueryKind {
  if (query.kpi !== undefined) return "kpi";
  if (query.activity !== undefined) return "activity";
  return query.fields !== undefined ? "records" : "figures";
}

/** The entities that the widgets of a dashboard show. */
export function entitiesOf(widgets: readonly Widget[]): string[] {
  return [...new Set(widgets.map((widget) => widget.query.entity).filter((name) => name !== undefined && name !== ""))] as string[];
}

const HOUR_MS = 3_600_000;
const UNIT_HOURS: Record<string, number> = { h: 1, d: 24, w: 168 };

/** The length of "24h", "30d" or "4w" in milliseconds; undefined where it is none. */
export function lengthMs(text: string): number | undefined {
  const found = /^(\d{1,4})([hdw])$/.exec(text);
  return found && Number(found[1]) > 0 ? Number(found[1]) * UNIT_HOURS[found[2]!]! * HOUR_MS : undefined;
}

/** Periods that a viewer chooses from, by the number of their days. */
export const PERIODS: Record<string, string> = { "7d": "7", "30d": "30", "90d": "90", "365d": "365" };

/** What the URL of a dashboard says about the time that is looked at. Days are the viewer's own. */
export interface TimeSearch {
  period?: string;
  from?: string;
  to?: string;
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The `from` and `to` that are asked: of a period until `now`, or of days, of which the last one counts wholly. */
export function askedTime(search: TimeSearch, now: number): { from?: string; to?: string } {
  const length = search.period === undefined ? undefined : lengthMs(search.period);
  if (length !== undefined) return { from: new Date(now - length).toISOString() };
  return {
    ...(search.from && DAY.test(search.from) ? { from: beginOf(search.from, 0) } : {}),
    ...(search.to && DAY.test(search.to) ? { to: beginOf(search.to, 1) } : {}),
  };
}

function beginOf(day: string, later: number): string {
  const date = new Date(`${day}T00:00:00`);
  date.setDate(date.getDate() + later);
  return date.toISOString();
}

/** How much a figure has changed since before, in percent; undefined where there is nothing to compare with. */
export function changeOf(now: unknown, before: unknown): number | undefined {
  if (now === null || now === undefined || before === null || before === undefined) return undefined;
  const [current, former] = [Number(now), Number(before)];
  if (Number.isNaN(current) || Number.isNaN(former)) return undefined;
  if (former === 0) return current === 0 ? 0 : undefined;
  return (100 * (current - former)) / Math.abs(former);
}
