/** A code editor for expressions and JSON. Tab leaves it; Ctrl+Enter sends the form that it stands in. */

import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { forceLinting, linter } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, StateEffect } from "@codemirror/state";
import { EditorView, type ViewUpdate, keymap } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { Names } from "../../model/expressions";
import type { Language, Problem } from "./types";
import { expressionLanguage, suggestions } from "./expression";
import { jsonLanguage, jsonProblems } from "./json";
import { looks } from "./looks";

interface EditorProps {
  language: Language;
  value: string;
  onChange: (value: string) => void;
  onProblem: (message: string | undefined) => void;
  names: Names;
  problems: Problem[];
  labelledBy: string;
  describedBy: string;
  minLines: number;
  maxLines: number;
  disabled: boolean;
}

const LINT_DELAY_MS = 300;
/** Other problems are known, though the text is the same. */
const checkAgain = StateEffect.define();
const SEND = {
  key: "Mod-Enter",
  run: (view: EditorView) => {
    view.dom.closest("form")?.requestSubmit();
    return true;
  },
};

export default function CodeEditor(props: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  latest.current = props;
  const attributes = useRef(new Compartment());
  useEffect(() => {
    const made = new EditorView({ parent: place.current!, state: EditorState.create({ doc: latest.current.value, extensions: extensionsOf(latest, attributes.current) }) });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const held = view.current!;
    if (held.state.doc.toString() !== props.value) held.dispatch({ changes: { from: 0, to: held.state.doc.length, insert: props.value } });
  }, [props.value]);
  const wrong = JSON.stringify(props.problems);
  useEffect(() => {
    view.current!.dispatch({ effects: [attributes.current.reconfigure(attributesOf(latest.current)), checkAgain.of(null)] });
    forceLinting(view.current!);
  }, [wrong, props.describedBy, props.disabled]);
  return <div ref={place} className="rk-code" dir="ltr" style={{ "--rk-min-lines": props.minLines, "--rk-max-lines": props.maxLines } as never} />;
}

interface Latest {
  current: EditorProps;
}

function extensionsOf(latest: Latest, attributes: Compartment): Extension[] {
  const isJson = latest.current.language === "json";
  return [
    history(),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    keymap.of([SEND, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    isJson ? jsonLanguage : [expressionLanguage, suggestions(() => latest.current.names)],
    linter((view) => problemsOf(view, latest), { delay: LINT_DELAY_MS, needsRefresh: (update) => update.transactions.some((each) => each.effects.some((effect) => effect.is(checkAgain))) }),
    EditorView.updateListener.of((update: ViewUpdate) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
    attributes.of(attributesOf(latest.current)),
    looks,
  ];
}

function problemsOf(view: EditorView, latest: Latest) {
  const { language, problems, onProblem } = latest.current;
  if (language === "json") {
    const found = jsonProblems(view, problems);
    onProblem(found.find((each) => each.source === "syntax")?.message);
    return found;
  }
  const end = view.state.doc.length;
  return problems.flatMap(({ range, message }) => (range ? [{ from: Math.min(range.from, end), to: Math.min(range.to, end), severity: "error" as const, message }] : []));
}

function attributesOf({ labelledBy, describedBy, problems, disabled }: EditorProps): Extension {
  return [
    EditorState.readOnly.of(disabled),
    EditorView.contentAttributes.of({
      "aria-labelledby": labelledBy,
      "aria-describedby": describedBy,
      "aria-invalid": String(problems.length > 0),
      ...(disabled ? { "aria-disabled": "true" } : {}),
    }),
  ];
}
