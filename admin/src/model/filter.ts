/** The state of a list as it stands in the URL, and as it is asked of the API. */

import type { Field, FieldType } from "./schema";

export interface Condition {
  field: string;
  op: string;
  value: string;
}

/** A page of a list that is read along a cursor. */
export interface PageState {
  /** Where the page begins; an empty one is the first page, or backward the last. */
  cursor: string;
  back?: boolean | undefined;
  /** How many records stand before the page, where that is known. */
  before?: number | undefined;
}

export interface ListState {
  q?: string | undefined;
  sort?: string | undefined;
  where?: Condition[] | undefined;
  columns?: string[] | undefined;
  /** Pixels of the columns that somebody has resized. */
  widths?: Record<string, number> | undefined;
  trash?: boolean | undefined;
  /** The id of the saved view that is shown. */
  view?: string | undefined;
  page?: PageState | undefined;
}

/** The parts of a list's state that decide which records are in it, and in which order. */
const DECISIVE = ["q", "sort", "where", "trash"] as const;

/** A list's state with parts of it changed. Another filter or order begins at its first page. */
export function withParts(state: ListState, part: Partial<ListState>): ListState {
  const isOtherList = DECISIVE.some((name) => name in part && JSON.stringify(part[name]) !== JSON.stringify(state[name]));
  return { ...state, ...(isOtherList ? { page: undefined } : {}), ...part };
}

const TEXT_OPS = ["eq", "neq", "contains", "starts_with", "ends_with", "in", "is_null", "is_not_null"];
const ORDER_OPS = ["eq", "neq", "gt", "gte", "lt", "lte", "in", "is_null", "is_not_null"];
const EXACT_OPS = ["eq", "neq", "in", "is_null", "is_not_null"];
const NULL_OPS = ["is_null", "is_not_null"];

const OPERATORS: Record<FieldType, string[]> = {
  string: TEXT_OPS,
  text: TEXT_OPS,
  int: ORDER_OPS,
  bigint: ORDER_OPS,
  decimal: ORDER_OPS,
  float: ORDER_OPS,
  timestamp: ORDER_OPS,
  date: ORDER_OPS,
  boolean: ["eq", "neq", ...NULL_OPS],
  uuid: EXACT_OPS,
  json: NULL_OPS,
  file: NULL_OPS,
};

/** The operators that make sense for a field, most usual first. */
export function operatorsOf(field: Field): string[] {
  return field.enum ? EXACT_OPS : OPERATORS[field.type];
}

/** Whether an operator takes no value. */
export function isBare(op: string): boolean {
  return NULL_OPS.includes(op);
}

/** The query parameters of a condition. `contains` on text is a case-insensitive pattern. */
export function toParameter(condition: Condition): [string, string] {
  const { field, op, value } = condition;
  if (isBare(op)) return [`filter[${field}.is_null]`, op === "is_null" ? "true" : "false"];
  const escaped = value.replace(/[\\%_]/g, (character) => `\\${character}`);
  if (op === "contains") return [`filter[${field}.ilike]`, `%${escaped}%`];
  if (op === "starts_with") return [`filter[${field}.ilike]`, `${escaped}%`];
  if (op === "ends_with") return [`filter[${field}.ilike]`, `%${escaped}`];
  return [op === "eq" ? `filter[${field}]` : `filter[${field}.${op}]`, value];
}

/** The query parameters of a whole list. */
export function toQuery(state: ListState): URLSearchParams {
  const query = new URLSearchParams();
  for (const condition of state.where ?? []) {
    if (condition.field && (isBare(condition.op) || condition.value !== "")) query.append(...toParameter(condition));
  }
  if (state.q) query.set("q", state.q);
  if (state.sort) query.set("sort", state.sort);
  if (state.trash) query.set("deleted", "only");
  return query;
}

/** The sort of a list after a click on a column: ascending, descending, then none. */
export function nextSort(sort: string | undefined, field: string): string | undefined {
  if (sort === field) return `-${field}`;
  return sort === `-${field}` ? undefined : field;
}

/** The parameters of a page of a list. */
export function toPage(page: PageState | undefined): Record<string, string> {
  return { cursor: page?.cursor ?? "", ...(page?.back ? { direction: "backward" } : {}) };
}

/** Move an item of a list to the place of another one. */
export function moved<T>(items: readonly T[], item: T, place: T): T[] {
  const from = items.indexOf(item);
  const to = items.indexOf(place);
  if (from < 0 || to < 0 || from === to) return [...items];
  const rest = items.filter((each) => each !== item);
  rest.splice(to, 0, item);
  return rest;
}
