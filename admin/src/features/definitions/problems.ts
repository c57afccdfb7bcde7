/** What the server found wrong with a definition, by the place in it. Pure. */

import { type ApiError, isApiError } from "../../api/errors";
import { mistakeIn } from "../../model/mistakes";

export type Document = Record<string, unknown>;

export interface Problems {
  /** The document that was looked at. */
  checked: Document;
  /** Messages by path, as in `steps.0.expression`. */
  byPath: Record<string, string[]>;
}

/** The problems that an error names; null where it is none about the document. */
export function problemsIn(error: Error | null, checked: Document): Problems | null {
  return isApiError(error, 422) ? { checked, byPath: byPathOf(error) } : null;
}

/** Those that can be told while the document is being typed: with a position in an expression, or all that is not just empty. */
export function mistakesIn(error: ApiError, checked: Document, all = false): Problems {
  const found = Object.entries(byPathOf(error)).filter(([path, messages]) => {
    const value = valueAt(checked, path);
    return value !== "" && (messages.some(mistakeIn) || (all && value !== undefined));
  });
  return { checked, byPath: Object.fromEntries(found) };
}

function byPathOf(error: ApiError): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { path, field, message } of error.details) {
    const at = path ?? field;
    if (at !== undefined) found[at] = [...(found[at] ?? []), message];
  }
  return found;
}

/** What stands at a path of a document; undefined where there is nothing. */
export function valueAt(document: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, part) => (value !== null && typeof value === "object" ? (value as Record<string, unknown>)[part] : undefined), document);
}
