/** A value as a short text, wherever it is not in a form or a grid. */

const LONGEST = 80;

export function wordOf(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
