/** JSON for the code editor: its syntax, and where in the text the place is that the server names. */

import { json, jsonParseLinter } from "@codemirror/lang-json";
import { ensureSyntaxTree, type syntaxTree } from "@codemirror/language";
import type { Diagnostic } from "@codemirror/lint";
import type { EditorState } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Problem } from "./types";

type SyntaxNode = ReturnType<typeof syntaxTree>["topNode"];

const PARSE_MS = 200;
const parse = jsonParseLinter();
export const jsonLanguage = json();

/** What is no JSON, else what the server found wrong, where its path leads. */
export function jsonProblems(view: EditorView, problems: Problem[]): Diagnostic[] {
  const syntax = view.state.doc.length === 0 ? [] : parse(view);
  if (syntax.length > 0) return syntax.map((each) => ({ ...each, source: "syntax" }));
  return problems.flatMap(({ path, message }) => {
    const node = path === undefined ? undefined : nodeAt(view.state, path);
    return node ? [{ from: node.from, to: Math.max(node.from + 1, Math.min(node.to, view.state.doc.length)), severity: "error" as const, message, source: path! }] : [];
  });
}

/** The node of a path such as `definition.transitions.0.guard`; the nearest one around it where it is missing. */
function nodeAt(state: EditorState, path: string): SyntaxNode | undefined {
  let node = ensureSyntaxTree(state, state.doc.length, PARSE_MS)?.topNode.firstChild ?? undefined;
  for (const part of path.match(/[^.[\]]+/g) ?? []) {
    const next = node && (node.name === "Array" ? childrenOf(node)[Number(part)] : memberOf(state, node, part));
    if (!next) return node;
    node = next;
  }
  return node;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) if (!["[", "]", ",", "⚠"].includes(child.name)) found.push(child);
  return found;
}

function memberOf(state: EditorState, node: SyntaxNode, name: string): SyntaxNode | undefined {
  const property = node.getChildren("Property").find((each) => {
    const key = each.getChild("PropertyName");
    return key && state.sliceDoc(key.from, key.to) === JSON.stringify(name);
  });
  return property?.lastChild ?? undefined;
}
