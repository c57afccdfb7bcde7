/** The moment that is looked at: now, or a past one that stands in the URL as `at`. The past can't be changed. */

import { useSearch } from "@tanstack/react-router";

export interface AtSearch {
  at?: string;
}

/** The `at` of a URL's search: a moment in ISO 8601, or the position of a commit. */
export function readAt(search: Record<string, unknown>): AtSearch {
  const at = search["at"];
  if (typeof at === "number" && Number.isInteger(at)) return { at: String(at) };
  return typeof at === "string" && (/^\d+$/.test(at) || !Number.isNaN(Date.parse(at))) ? { at } : {};
}

/** The past moment that is looked at; undefined is now. */
export function useAt(): string | undefined {
  return readAt(useSearch({ strict: false }) as Record<string, unknown>).at;
}

/** The parameters that put a read on a moment. */
export function asOf(at: string | undefined): Record<string, string> {
  return at === undefined ? {} : { as_of: at };
}
