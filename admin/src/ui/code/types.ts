/** What the code input and its editor share. */

export type Language = "expression" | "json";

export interface Problem {
  message: string;
  /** Where it is in the text. */
  range?: { from: number; to: number } | undefined;
  /** Where it is in a JSON document. */
  path?: string | undefined;
}
