/** The language of expressions for the code editor: its words in colour, and what can be written next. */

import { type CompletionContext, autocompletion } from "@codemirror/autocomplete";
import { StreamLanguage, type StringStream } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { FUNCTIONS, type Option, WORDS, complete } from "../../model/completion";
import type { Names } from "../../model/expressions";

const KEYWORDS = new Set([...WORDS.filter((word) => word !== "not in"), "not", "and", "or", "null", "new"]);
const TYPES: Record<Option["kind"], string> = { name: "variable", field: "property", function: "function", value: "text", word: "keyword" };

interface State {
  quote: string;
}

function token(stream: StringStream, state: State): string | null {
  if (state.quote === "" && stream.eatSpace()) return null;
  const next = stream.next();
  if (state.quote === "" && (next === '"' || next === "'")) state.quote = next;
  else if (state.quote === next) {
    state.quote = "";
    return "string";
  } else if (state.quote !== "" && next === "\\") stream.next();
  if (state.quote !== "") return "string";
  if (next && /\d/.test(next)) {
    stream.match(/^[\d.]*/);
    return "number";
  }
  if (next && /[A-Za-z_]/.test(next)) return wordOf(stream);
  return next && /[-+*/%=!<>&|?:]/.test(next) ? "operator" : null;
}

function wordOf(stream: StringStream): string {
  stream.match(/^\w*/);
  const word = stream.current();
  const isMember = stream.string[stream.start - 1] === ".";
  if (isMember) return "propertyName";
  if (KEYWORDS.has(word)) return "keyword";
  return word in FUNCTIONS && stream.match(/^\s*\(/, false) ? "variableName.function" : "variableName";
}

export const expressionLanguage = StreamLanguage.define<State>({ name: "expression", startState: () => ({ quote: "" }), token });

/** Suggests names, functions and values; by itself while typing, and on Ctrl+Space. */
export function suggestions(names: () => Names): Extension {
  const source = (context: CompletionContext) => {
    const before = context.state.sliceDoc(0, context.pos);
    const found = complete(before, names());
    const typed = before.slice(found?.from ?? before.length);
    const isAsked = context.explicit || typed !== "" || before.endsWith(".");
    if (!found || !isAsked) return null;
    return { from: found.from, options: found.options.map(({ label, kind, detail }) => ({ label, type: TYPES[kind], ...(detail ? { detail } : {}) })), validFor: /^["']?\w*$/ };
  };
  return autocompletion({ override: [source], icons: false, interactionDelay: 0 });
}
