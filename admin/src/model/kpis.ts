/** Figures of workflows as the API answers them, made ready for charts. Pure. */

export interface StepFigures {
  workflow: string;
  step: string;
  entered: number;
  open: number;
  avg_seconds: number | null;
  p95_seconds: number | null;
  timed_out: number;
  escalated: number;
}

export interface SeriesPoint {
  at: string;
  started: number;
  running: number;
  completed: number;
  failed: number;
  cancelled: number;
  avg_seconds: number | null;
}

export interface Waiting {
  role?: string;
  user?: { id: string; email: string | null };
  anyone?: true;
  count: number;
  oldest_at: string;
}

export interface Kpis {
  window: { from: string; to: string };
  instances: Record<"started" | "running" | "completed" | "failed" | "cancelled", number>;
  duration: Record<"avg" | "p50" | "p95", number | null>;
  steps: StepFigures[];
  bottlenecks: { workflow: string; step: string; total_seconds: number; avg_seconds: number | null; entered: number }[];
  sla: { met: number; breached: number };
  pending_by_approver: Waiting[];
  series?: SeriesPoint[];
  /** Whether all instances were looked at. */
  complete: boolean;
}

const DAY_MS = 86_400_000;

/** Periods to choose from, each with what a point of its charts stands for. */
export const PERIODS: Record<string, { days: number; group: "day" | "week" | "month" }> = {
  "7d": { days: 7, group: "day" },
  "30d": { days: 30, group: "day" },
  "90d": { days: 90, group: "week" },
  "365d": { days: 365, group: "month" },
};
export const USUAL_PERIOD = "30d";

/** The days of a period that ends with the day of a moment: from the first one, before the end. */
export function windowOf(period: string, now: number): { from: string; to: string } {
  const end = Math.ceil((now + 1) / DAY_MS) * DAY_MS;
  return { from: new Date(end - PERIODS[period]!.days * DAY_MS).toISOString(), to: new Date(end).toISOString() };
}

const NOTHING = { started: 0, running: 0, completed: 0, failed: 0, cancelled: 0, avg_seconds: null };

/** The points of a period in order; those in which nothing started, too. */
export function wholeSeries(series: SeriesPoint[], { from, to }: { from: string; to: string }, group: "day" | "week" | "month"): SeriesPoint[] {
  const known = new Map(series.map((point) => [Date.parse(point.at), point]));
  const points: SeriesPoint[] = [];
  for (let at = beginOf(Date.parse(from), group); at < Date.parse(to); at = nextOf(at, group)) points.push(known.get(at) ?? { at: new Date(at).toISOString(), ...NOTHING });
  return points;
}

/** The beginning of the day, the week (Monday) or the month of a moment, in UTC as the API groups. */
function beginOf(at: number, group: "day" | "week" | "month"): number {
  const date = new Date(at);
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), group === "month" ? 1 : date.getUTCDate());
  return group === "week" ? day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS : day;
}

function nextOf(at: number, group: "day" | "week" | "month"): number {
  const date = new Date(at);
  return group === "month" ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) : at + (group === "week" ? 7 : 1) * DAY_MS;
}

/** The percentage of decisions that met their deadline; undefined where there was none. */
export function rateMet({ met, breached }: Kpis["sla"]): number | undefined {
  return met + breached === 0 ? undefined : (100 * met) / (met + breached);
}

/** The average time at each step of one workflow, of the steps that have one. */
export function secondsByStep(steps: StepFigures[]): Map<string, number> {
  return new Map(steps.filter((each) => each.avg_seconds !== null).map((each) => [each.step, each.avg_seconds!]));
}

const UNITS: [string, number][] = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** The unit in which lengths of time are best drawn, by the longest, and how many seconds it has. */
export function unitFor(seconds: (number | null)[]): { unit: string; seconds: number } {
  const longest = Math.max(0, ...seconds.map((each) => each ?? 0));
  const [unit, length] = UNITS.find(([, each]) => longest >= 2 * each) ?? ["second", 1];
  return { unit, seconds: length };
}
