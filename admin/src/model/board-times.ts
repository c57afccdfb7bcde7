/** Parts of dates as the API groups by them: which there are between two, and when each begins. Pure. */

export const PARTS = ["year", "quarter", "month", "week", "day", "hour"] as const;
export type Part = (typeof PARTS)[number];

const MAX_POINTS = 400;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The part of a date that a group names, as in `created_at.month`. */
export function partOf(group: string): Part | undefined {
  const last = group.split(".").at(-1)!;
  return group.includes(".") ? PARTS.find((part) => part === last) : undefined;
}

const isDay = (value: unknown) => typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value);
const msOf = (value: unknown) => Date.parse(isDay(value) ? `${String(value)}T00:00:00Z` : String(value));

/** The beginning of the next part, in UTC. */
export function nextOf(at: number, part: Part): number {
  const date = new Date(at);
  const months = { year: 12, quarter: 3, month: 1 }[part as "year"];
  if (months !== undefined) return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate());
  return at + { week: 7 * DAY_MS, day: DAY_MS, hour: HOUR_MS }[part as "week"];
}

/** The beginning of the part that a moment lies in, in UTC; weeks begin on Monday. */
export function beginOf(at: number, part: Part): number {
  if (part === "hour") return Math.floor(at / HOUR_MS) * HOUR_MS;
  const date = new Date(at);
  const month = { year: 0, quarter: date.getUTCMonth() - (date.getUTCMonth() % 3) }[part as "year"] ?? date.getUTCMonth();
  const day = Date.UTC(date.getUTCFullYear(), month, part === "week" || part === "day" ? date.getUTCDate() : 1);
  return part === "week" ? day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS : day;
}

interface Window {
  from?: string | null;
  to?: string;
}

/** The times that were found in order, with those between them, and those of the window that is looked at. */
export function wholeTimes(found: readonly unknown[], part: Part, { from, to }: Window = {}): unknown[] {
  const known = new Map(found.filter((value) => !Number.isNaN(msOf(value)) && value !== null).map((value) => [msOf(value), value]));
  const hasDays = [...known.values()].every(isDay);
  const nulls = found.filter((value) => value === null);
  const ends = from && to ? [beginOf(Date.parse(from), part), beginOf(Date.parse(to) - 1, part)] : [];
  const times = [...known.keys(), ...ends];
  if (times.length === 0) return [...found];
  const last = Math.max(...times);
  const all: unknown[] = [];
  for (let at = Math.min(...times); at <= last; at = nextOf(at, part)) {
    if (all.length >= MAX_POINTS) return [...[...known].sort(([one], [other]) => one - other).map(([, value]) => value), ...nulls];
    const iso = new Date(at).toISOString();
    all.push(known.get(at) ?? (hasDays ? iso.slice(0, 10) : iso));
  }
  return [...all, ...nulls];
}

/** The moments at which a part begins and ends; a day begins at midnight in a time zone. */
export function boundsOf(value: unknown, part: Part, zone = "UTC"): { from: string; until: string; days: [string, string] } {
  const [first, next] = [msOf(value), nextOf(msOf(value), part)];
  const days: [string, string] = [new Date(first).toISOString().slice(0, 10), new Date(next).toISOString().slice(0, 10)];
  const moment = (at: number) => new Date(part === "hour" && !isDay(value) ? at : inZone(at, zone)).toISOString();
  return { from: moment(first), until: moment(next), days };
}

/** The moment at which clocks of a time zone show what UTC clocks show at another one. */
function inZone(at: number, zone: string): number {
  let moment = at;
  for (let round = 0; round < 2; round += 1) moment = at - offsetAt(moment, zone);
  return moment;
}

function offsetAt(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part["year"]!, part["month"]! - 1, part["day"]!, part["hour"]!, part["minute"]!, part["second"]!) - at;
}
