/** Which column of a file fills which field, with how much confidence; by names, types and sample values. Pure. */

import { type AppSchema, type Entity, type Field, labelField, referenceOf } from "./schema";

/** What a column fills. `by` names the field of the referenced record that the cells hold. */
export interface Target {
  field: string;
  by?: string | undefined;
}

export interface Proposal {
  target: Target | null;
  /** From 0 (no idea) to 1 (the same name, and values that fit). */
  confidence: number;
}

export type Mapping = Record<string, Target | null>;
export type SampleRow = Record<string, unknown>;

const LEAST = 0.5;
/** A column of refused rows that an earlier import has answered. */
const OWN_COLUMNS = new Set(["_row", "_reasons"]);
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const NUMBER = /^[-+]?[\d.,' ]*\d[\d.,]*$/;
const DAY = /^(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})([T ].*)?$/;
const BOOLEAN = /^(true|false|yes|no|ja|nein|0|1)$/i;

/** The fields that an import can fill. */
export function fillable(entity: Entity): Field[] {
  const isKey = (field: Field) => entity.primary_key.fields.includes(field.name);
  return entity.fields.filter((field) => !field.computed && !field.auto && (field.create || field.update || isKey(field)));
}

/** The fields by which rows can be matched with records: unique ones that a column fills, and the key. */
export function keysOf(entity: Entity, mapping: Mapping): string[] {
  const filled = new Set(Object.values(mapping).map((target) => target?.field));
  return fillable(entity)
    .filter((field) => filled.has(field.name) && (field.unique || entity.primary_key.fields.includes(field.name)))
    .map((field) => field.name);
}

/** A proposal for each column. The surest pair is taken first; each field is filled once. */
export function propose(schema: AppSchema, entity: Entity, columns: readonly string[], rows: readonly SampleRow[]): Record<string, Proposal> {
  const pairs = columns
    .filter((column) => !OWN_COLUMNS.has(column))
    .flatMap((column) => {
      const samples = samplesOf(column, rows);
      return fillable(entity).map((field) => ({ column, ...rate(schema, entity, column, field, samples) }));
    })
    .filter((pair) => pair.confidence >= LEAST)
    .sort((one, other) => other.confidence - one.confidence);
  const found: Record<string, Proposal> = Object.fromEntries(columns.map((column) => [column, { target: null, confidence: 0 }]));
  const filled = new Set<string>();
  for (const { column, target, confidence } of pairs) {
    if (found[column]!.target || filled.has(target.field)) continue;
    found[column] = { target, confidence };
    filled.add(target.field);
  }
  return found;
}

export function samplesOf(column: string, rows: readonly SampleRow[]): string[] {
  const values = rows.map((row) => row[column]).filter((value) => value !== null && value !== undefined && value !== "");
  return values.map((value) => (typeof value === "object" ? JSON.stringify(value) : String(value)));
}

function rate(schema: AppSchema, entity: Entity, column: string, field: Field, samples: string[]): { target: Target; confidence: number } {
  const reference = rateReference(schema, entity, column, field, samples);
  const named = likeness(column, field.name);
  const own = { target: { field: field.name }, confidence: round(named * fit(field, samples)) };
  return reference && reference.confidence > own.confidence ? reference : own;
}

/** A column may be named after the referred entity, or after one of its fields: "Supplier", "Supplier number". */
function rateReference(schema: AppSchema, entity: Entity, column: string, field: Field, samples: string[]) {
  const relation = referenceOf(entity, field.name);
  const target = relation && schema.entities.find((each) => each.name === relation.source);
  if (!target || samples.some((sample) => UUID.test(sample))) return undefined;
  const fields = target.fields.filter((each) => each.read && each.filter && each.type !== "json" && each.type !== "file");
  const stem = field.name.replace(/_?id$/i, "");
  const names = [stem, target.name].filter(Boolean);
  const label = labelField(target);
  const rated = fields.flatMap((each) =>
    names.map((name) => {
      const isLikely = each.name === label ? 1 : each.unique ? 0.9 : 0;
      const alone = Math.max(likeness(column, name), likeness(column, field.name)) * isLikely;
      return { target: { field: field.name, by: each.name }, confidence: round(Math.max(alone, likeness(column, `${name} ${each.name}`)) * 0.95 * fit(each, samples)) };
    }),
  );
  return rated.sort((one, other) => other.confidence - one.confidence)[0];
}

/** How well the samples fit the type of a field: 1 for all of them, down to 0.3. */
function fit(field: Field, samples: string[]): number {
  if (samples.length === 0) return 0.95;
  const good = samples.filter((sample) => fits(field, sample)).length;
  return 0.3 + 0.7 * (good / samples.length);
}

function fits(field: Field, sample: string): boolean {
  if (field.enum) return field.enum.some((value) => String(value).toLowerCase() === sample.trim().toLowerCase());
  switch (field.type) {
    case "int":
    case "bigint":
    case "decimal":
    case "float":
      return NUMBER.test(sample.trim());
    case "date":
    case "timestamp":
      return DAY.test(sample.trim());
    case "boolean":
      return BOOLEAN.test(sample.trim());
    case "uuid":
    case "file":
      return UUID.test(sample.trim());
    default:
      return true;
  }
}

const words = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => (word.length > 3 ? word.replace(/s$/, "") : word));

/** How alike two names are: 1 for the same words, else by the words and pairs of letters they share. */
export function likeness(one: string, other: string): number {
  const [a, b] = [words(one), words(other)];
  if (a.length === 0 || b.length === 0) return 0;
  if (a.join("") === b.join("")) return 1;
  const shared = a.filter((word) => b.includes(word)).length;
  return Math.max((0.9 * 2 * shared) / (a.length + b.length), 0.9 * dice(a.join(""), b.join("")));
}

function dice(one: string, other: string): number {
  const pairs = (text: string) => Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));
  const left = pairs(other);
  const total = left.length + Math.max(0, one.length - 1);
  const shared = pairs(one).filter((pair) => {
    const at = left.indexOf(pair);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  }).length;
  return total === 0 ? 0 : (2 * shared) / total;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export interface Notation {
  decimal: "." | ",";
  dates: "iso" | "dmy" | "mdy";
}

/** How the file writes numbers and days, by the samples of the columns that fill such fields. */
export function guessNotation(entity: Entity, mapping: Mapping, rows: readonly SampleRow[]): Notation {
  const fields = new Map(entity.fields.map((field) => [field.name, field]));
  const samples = (types: readonly string[]) =>
    Object.entries(mapping).flatMap(([column, target]) => (target && !target.by && types.includes(fields.get(target.field)?.type ?? "") ? samplesOf(column, rows) : []));
  const numbers = samples(["decimal", "float", "int", "bigint"]);
  const isComma = numbers.some((sample) => /^[-+]?(\d+|\d{1,3}([. ]\d{3})+),\d{1,2}$|^[-+]?\d{1,3}(\.\d{3}){2,}$/.test(sample.trim()));
  const days = samples(["date", "timestamp"]).map((sample) => /^(\d{1,2})([./])(\d{1,2})\2\d{2,4}/.exec(sample.trim())).filter((found) => found !== null);
  const dates = days.length === 0 ? "iso" : days.some((day) => day[2] === "." || Number(day[1]) > 12) ? "dmy" : "mdy";
  return { decimal: isComma ? "," : ".", dates };
}

/** The mapping as the API takes it. */
export function toMappingOption(mapping: Mapping): Record<string, unknown> {
  return Object.fromEntries(Object.entries(mapping).map(([column, target]) => [column, target === null ? null : target.by ? { field: target.field, by: target.by } : target.field]));
}

/** Required fields that no column fills, and that have no default. */
export function missingFields(entity: Entity, mapping: Mapping): string[] {
  const filled = new Set(Object.values(mapping).map((target) => target?.field));
  return fillable(entity)
    .filter((field) => field.create && field.required && field.default === null && !filled.has(field.name) && field.name !== entity.slug?.field)
    .map((field) => field.name);
}
