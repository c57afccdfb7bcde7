/** What is asked to show a widget that is not saved yet: the same figures and lists, one by one. Pure. */

import { asText, timeFieldOf } from "./board-drill";
import { type Answer, FUNCTIONS, type KpiName, type Query, kindOf, lengthMs } from "./dashboards";
import type { AuditRow } from "./audit";
import type { Kpis } from "./kpis";
import type { Entity, Row } from "./schema";

export interface Asked {
  path: string;
  query: Record<string, string>;
}

export interface Window {
  from: string;
  to: string;
}

const USUAL_KPI_DAYS = "30d";
const MAX_ROWS = 100;

/** The time that a query looks at now, and the one of the same length before. */
export function windowsOf(query: Query, now: number): [Window, Window] | undefined {
  const length = lengthMs(query.last ?? (query.kpi ? USUAL_KPI_DAYS : ""));
  if (length === undefined) return undefined;
  const [to, from, before] = [now, now - length, now - 2 * length].map((at) => new Date(at).toISOString()) as [string, string, string];
  return [{ from, to }, { from: before, to: from }];
}

/** The request for a query, of a time where one is looked at. */
export function askedFor(query: Query, entity: Entity | undefined, window: Window | undefined): Asked {
  switch (kindOf(query)) {
    case "kpi":
      return { path: "/_workflows/kpis", query: { ...window, group_by: "day", ...(query.workflow ? { workflow: query.workflow } : {}) } };
    case "activity":
      return { path: "/_admin/audit-logs", query: { entity: query.entity ?? "", source: "data", per_page: String(query.limit ?? 20) } };
    case "records":
      return { path: `/${query.entity}`, query: { ...common(query, entity, window, 10), count: "none", fields: (query.fields ?? []).join(",") } };
    default:
      return { path: `/${query.entity}/_aggregate`, query: { ...common(query, entity, window, MAX_ROWS), ...figures(query) } };
  }
}

function common(query: Query, entity: Entity | undefined, window: Window | undefined, limit: number): Record<string, string> {
  const filter = Object.entries(query.filter ?? {}).map(([key, value]) => [`filter[${key}]`, asText(value)]);
  return {
    ...(Object.fromEntries(filter) as Record<string, string>),
    ...(entity && window ? ofTime(query, entity, window) : {}),
    ...(query.sort && query.sort.length > 0 ? { sort: query.sort.join(",") } : {}),
    per_page: String(query.limit ?? limit),
  };
}

function ofTime(query: Query, entity: Entity, { from, to }: Window): Record<string, string> {
  const name = timeFieldOf(query, entity);
  if (name === undefined) return {};
  const isDate = entity.fields.find((field) => field.name === name)?.type === "date";
  return isDate ? { [`filter[${name}.gt]`]: from.slice(0, 10), [`filter[${name}.lte]`]: to.slice(0, 10) } : { [`filter[${name}.gte]`]: from, [`filter[${name}.lt]`]: to };
}

function figures(query: Query): Record<string, string> {
  const lists = (["group_by", ...FUNCTIONS] as const).flatMap((name) => ((query[name] ?? []).length > 0 ? [[name, query[name]!.join(",")]] : []));
  const having = Object.entries(query.having ?? {}).map(([key, value]) => [`having[${key}]`, asText(value)]);
  return { ...(query.count ? { count: query.count } : {}), ...(query.tz ? { tz: query.tz } : {}), ...(Object.fromEntries([...lists, ...having]) as Record<string, string>) };
}

/** An answer of the API as a dashboard has it. */
export function answerOf(query: Query, data: unknown, window: Window | undefined, previous?: { data: unknown; window: Window }): Answer {
  const meta = { ...window, ...(previous ? { previous: { data: previous.data as Row[], ...previous.window } } : {}) };
  switch (kindOf(query)) {
    case "kpi":
      return { data: kpiRows(query.kpi!, data as Kpis), meta: { ...meta, complete: (data as Kpis).complete } };
    case "activity":
      return { data: (data as AuditRow[]).map(changeOf), meta };
    default:
      return { data: data as Row[], meta };
  }
}

function kpiRows(kpi: KpiName, kpis: Kpis): Row[] {
  const rows = { throughput: kpis.series ?? [], approval_time: kpis.steps, bottlenecks: kpis.bottlenecks, sla: [kpis.sla], pending_by_approver: kpis.pending_by_approver };
  return rows[kpi] as unknown as Row[];
}

function changeOf(row: AuditRow): Row {
  const changed = Object.fromEntries(row.changed_fields.map((field) => [field, { old: row.old_data?.[field] ?? null, new: row.new_data?.[field] ?? null }]));
  return { at: row.timestamp, action: row.action, entity: row.entity, record_id: row.record_id, user: { email: row.user_email }, changed };
}
