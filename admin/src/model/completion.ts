/** What can be written next in an expression. Pure. */

import type { Names, Seen } from "./expressions";

/** The functions of the language: what they take. Those of `ITERATING` see the fields of a row in their second argument. */
export const FUNCTIONS: Record<string, string> = {
  len: "(x)", lower: "(text)", upper: "(text)", trim: "(text)", contains: "(x, y)", starts_with: "(text, start)", ends_with: "(text, end)",
  substring: "(text, start, length?)", replace: "(text, old, new)", matches: "(text, pattern)", round: "(number, digits?)", abs: "(number)",
  min: "(…)", max: "(…)", sum: "(list, value?)", avg: "(list, value?)", count: "(list, condition?)", any: "(list, condition)", all: "(list, condition)",
  coalesce: "(a, b, …)", now: "()", date: "(text)", days: "(n)", hours: "(n)", minutes: "(n)", year: "(date)", month: "(date)", day: "(date)",
};
const ITERATING = new Set(["sum", "avg", "min", "max", "count", "any", "all"]);
export const WORDS = ["true", "false", "nil", "in", "not in"];

export interface Option {
  label: string;
  kind: "name" | "field" | "function" | "value" | "word";
  detail?: string | undefined;
}

export interface Completion {
  /** Where the text begins that an option replaces. */
  from: number;
  options: Option[];
}

/** What can be written where `text` ends. */
export function complete(text: string, names: Names): Completion | undefined {
  return completeValue(text, names) ?? completePath(text, names);
}

/** The values of an enum, after a comparison with its field. */
function completeValue(text: string, names: Names): Completion | undefined {
  const found = /([A-Za-z_][\w.]*)\s*(?:===?|!==?|in\s*\[[^\]]*?)\s*(["'][^"']*)?$/.exec(text);
  const values = found && seenAt(found[1]!.split("."), scopeOf(text, names))?.values;
  if (!values) return undefined;
  const typed = found[2] ?? "";
  const quote = typed[0] ?? '"';
  return { from: text.length - typed.length, options: values.map((value) => ({ label: `${quote}${value}${quote}`, kind: "value" })) };
}

function completePath(text: string, names: Names): Completion | undefined {
  if (insideText(text)) return undefined;
  const typed = /[A-Za-z_][\w.]*$/.exec(text)?.[0] ?? "";
  if (typed === "" && !/(^|[\s(,!&|?:[<>=+\-*/%])$/.test(text)) return undefined;
  const path = typed.split(".");
  const last = path.pop() ?? "";
  const scope = scopeOf(text, names);
  const from = text.length - last.length;
  if (path.length > 0) {
    const members = seenAt(path, scope)?.members;
    return members && { from, options: options(members, "field") };
  }
  const words = WORDS.map((label): Option => ({ label, kind: "word" }));
  const functions = Object.entries(FUNCTIONS).map(([label, detail]): Option => ({ label, kind: "function", detail }));
  return { from, options: [...options(scope, "name"), ...functions, ...words] };
}

function options(names: Names, kind: "name" | "field"): Option[] {
  return Object.entries(names).map(([label, seen]) => ({ label, kind, detail: seen.type }));
}

function seenAt(path: string[], names: Names): Seen | undefined {
  const [first, ...rest] = path;
  const seen = first === undefined ? undefined : names[first];
  return rest.length === 0 || seen === undefined ? seen : seenAt(rest, seen.members ?? {});
}

/** The names in reach: within the second argument of `sum` and the like those of a row, too. */
function scopeOf(text: string, names: Names): Names {
  const call = openCall(text);
  if (!call || !ITERATING.has(call.name)) return names;
  const rows = seenAt(call.first.trim().split("."), names)?.rows;
  return rows ? { ...rows, it: { members: rows }, ...names } : names;
}

/** The innermost call that is open where the text ends, where a first argument stands already. */
function openCall(text: string): { name: string; first: string } | undefined {
  let depth = 0;
  let comma = -1;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const character = text[at];
    if (character === ")") depth += 1;
    if (character === "," && depth === 0) comma = at;
    if (character !== "(") continue;
    if (depth > 0) depth -= 1;
    else {
      const name = /([a-z_]+)\s*$/.exec(text.slice(0, at))?.[1];
      return name !== undefined && comma > at ? { name, first: text.slice(at + 1, comma) } : undefined;
    }
  }
  return undefined;
}

/** Whether the text ends inside quotes. */
function insideText(text: string): boolean {
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    if (quote !== "" && text[at] === "\\") at += 1;
    else if (quote === "" && (text[at] === '"' || text[at] === "'")) quote = text[at]!;
    else if (text[at] === quote) quote = "";
  }
  return quote !== "";
}
