/** Points in time and days, as the reader's language writes them. */

import { translator } from "../words/translator";

const DATE: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "2-digit" };
const TIME: Intl.DateTimeFormatOptions = { ...DATE, hour: "2-digit", minute: "2-digit" };

/** A point in time, in the reader's time zone. */
export function timestampCell(value: unknown): string {
  const moment = new Date(String(value));
  return Number.isNaN(moment.getTime()) ? String(value) : new Intl.DateTimeFormat(translator().language, TIME).format(moment);
}

/** A day, which has no time zone. */
export function dateCell(value: unknown): string {
  const moment = new Date(`${String(value)}T00:00:00Z`);
  if (Number.isNaN(moment.getTime())) return String(value);
  return new Intl.DateTimeFormat(translator().language, { ...DATE, timeZone: "UTC" }).format(moment);
}

/** The value of a `datetime-local` input for an instant, in the reader's time zone. */
export function asLocal(value: unknown): string {
  const moment = new Date(String(value));
  if (value === null || value === undefined || Number.isNaN(moment.getTime())) return "";
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
