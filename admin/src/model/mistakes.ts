/** Where in a text the server found something wrong. Pure. */

export interface Mistake {
  line: number;
  column: number;
  message: string;
}

/** A message of the server with its position taken out: "unexpected ')' (line 1, column 8)". */
export function mistakeIn(message: string): Mistake | undefined {
  const found = /^(.*?)\s*\(line (\d+), column (\d+)\)$/s.exec(message);
  return found ? { message: found[1]!.replace(/^does not compile: /, ""), line: Number(found[2]), column: Number(found[3]) } : undefined;
}

/** The range of a text that a mistake names: from its position to the end of the word there. */
export function rangeOf(text: string, { line, column }: Mistake): { from: number; to: number } {
  const begins = text.split("\n").slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const from = Math.min(text.length, begins + column - 1);
  const word = /^(?:\w+|"[^"]*"|'[^']*'|[^\s\w])/.exec(text.slice(from))?.[0] ?? "";
  return word === "" ? { from: Math.max(0, from - 1), to: Math.max(from, Math.min(text.length, 1)) } : { from, to: from + word.length };
}
