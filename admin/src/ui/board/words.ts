/** How groups, figures and values of widgets read to people. */

import { type TFunction, translator } from "../../words/translator";
import { type Chart, type Figure, type Series } from "../../model/board-figures";
import { type Part, partOf } from "../../model/board-times";
import { lengthInWords } from "../workflow-words";

const FORMATS: Record<Part, Intl.DateTimeFormatOptions> = {
  year: { year: "numeric" },
  quarter: { year: "numeric" },
  month: { year: "numeric", month: "short" },
  week: { month: "short", day: "numeric" },
  day: { month: "short", day: "numeric" },
  hour: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
};

/** The value of a group: a part of a date, yes or no, or what it is. */
export function groupWord(t: TFunction, value: unknown, part: Part | undefined): string {
  if (value === null || value === undefined || value === "") return t("value.none");
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  const date = part && new Date(/^\d{4}-\d\d-\d\d$/.test(String(value)) ? `${String(value)}T00:00:00Z` : String(value));
  if (!part || !date || Number.isNaN(date.getTime())) return String(value);
  const text = new Intl.DateTimeFormat(translator().language, { ...FORMATS[part], ...(part === "hour" ? {} : { timeZone: "UTC" }) }).format(date);
  return part === "quarter" ? t("board.quarter", { number: Math.floor(date.getUTCMonth() / 3) + 1, year: text }) : text;
}

/** A category of a chart. */
export function categoryWord(t: TFunction, chart: Pick<Chart, "group" | "part">, value: unknown): string {
  if (chart.group === "sla") return t(`board.kpiFigure.${String(value)}`);
  if (chart.group === "name" && (value === null || value === undefined)) return t("board.anyone");
  return groupWord(t, value, chart.part);
}

export function figureWord(t: TFunction, figure: Figure): string {
  if (figure.function === undefined) return t(`board.kpiFigure.${figure.key}`);
  return figure.function === "count" ? t("board.count") : t(`board.of.${figure.function}`, { field: figure.field });
}

export function seriesWord(t: TFunction, chart: Chart, { values, figure }: Series): string {
  return values.length === 0 ? figureWord(t, figure) : values.map((value, at) => groupWord(t, value, partOf(chart.further[at]!))).join(" · ");
}

/** A figure's value: numbers as the reader writes them, lengths of time in words, other values as they are. */
export function valueWord(value: unknown, figure: Pick<Figure, "unit">): string {
  if (value === null || value === undefined) return "–";
  const number = Number(value);
  if (typeof value === "boolean" || Number.isNaN(number) || value === "") return String(value);
  if (figure.unit === "seconds") return lengthInWords(number);
  return new Intl.NumberFormat(translator().language, { maximumFractionDigits: 2 }).format(number);
}

/** A percentage; a change with its sign. */
export function percentWord(percent: number, isChange = false): string {
  const format = new Intl.NumberFormat(translator().language, { style: "percent", maximumFractionDigits: Math.abs(percent) < 10 ? 1 : 0, signDisplay: isChange ? "exceptZero" : "auto" });
  return format.format(percent / 100);
}

const COLOURS = ["var(--mantine-primary-color-filled)", ...["orange", "teal", "grape", "cyan", "pink", "lime", "yellow"].map((name) => `var(--mantine-color-${name}-filled)`)];

export const colourOf = (at: number): string => COLOURS[at % COLOURS.length]!;
