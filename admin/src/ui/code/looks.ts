/** How the code editor looks: as the other inputs, in the colours of the page. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const words = HighlightStyle.define([
  { tag: tags.string, class: "rk-code-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "rk-code-number" },
  { tag: tags.keyword, class: "rk-code-keyword" },
  { tag: tags.function(tags.variableName), class: "rk-code-function" },
  { tag: [tags.propertyName, tags.variableName], class: "rk-code-name" },
]);

const LINE = "1.5em";

const theme = EditorView.theme({
  "&": { backgroundColor: "var(--mantine-color-default)", color: "var(--mantine-color-text)", border: "1px solid var(--mantine-color-default-border)", borderRadius: "var(--mantine-radius-sm)", fontSize: "13px" },
  "&.cm-focused": { outline: "none", borderColor: "var(--mantine-primary-color-filled)" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: LINE, maxHeight: `calc(var(--rk-max-lines) * ${LINE} + 10px)`, overflow: "auto" },
  ".cm-content": { minHeight: `calc(var(--rk-min-lines) * ${LINE} + 8px)`, padding: "4px 0", caretColor: "var(--mantine-color-text)" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection": { backgroundColor: "var(--mantine-primary-color-light-hover)" },
  ".cm-tooltip": { backgroundColor: "var(--mantine-color-body)", color: "var(--mantine-color-text)", border: "1px solid var(--mantine-color-default-border)", borderRadius: "var(--mantine-radius-sm)", zIndex: "400" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--mantine-primary-color-filled)", color: "var(--mantine-color-white)" },
  ".cm-completionDetail": { marginInlineStart: "1em", fontStyle: "normal", opacity: "0.8" },
  ".cm-diagnostic": { borderInlineStart: "3px solid var(--mantine-color-error)", padding: "4px 8px" },
});

export const looks = [theme, syntaxHighlighting(words)];
