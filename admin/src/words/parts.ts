/** Which words come first: those of the frame and of lists of records. A test compares them with what the sources name. */

/** The beginnings of keys, until the dot. All other words come with the first screen that is not a list. */
export const FIRST = new Set(
  "action bulk columns conflict edits error field filter form help kind leave live nav notFound op outage page pager palette records reference selection shell since time value viewAs views why".split(" "),
);

export type Part = "first" | "rest";

export function wordsOf(part: Part, words: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).filter(([key]) => FIRST.has(key.split(".")[0]!) === (part === "first")));
}
