import { useEffect, useRef, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { same } from "../../../model/changes";
import { parseExact } from "../../../model/json";
import { CodeInput } from "../../../ui/code/code-input";
import type { Draft } from "../draft";
import type { Problems } from "../problems";
import type { Document } from "../queries";

const laidOut = (document: Document) => JSON.stringify(document, null, 2);

/** The document as JSON. What is no JSON yet is marked, and the document stays as it was. */
export function JsonTab({ draft, problems }: { draft: Draft; problems: Problems | null }) {
  const { t } = useTranslation();
  const [text, setText] = useState(() => laidOut(draft.document));
  const told = useRef(draft.document);
  // An undo, or what was discarded, comes from outside.
  useEffect(() => {
    if (!same(told.current, draft.document)) setText(laidOut(draft.document));
    told.current = draft.document;
  }, [draft.document]);
  const edit = (typed: string) => {
    setText(typed);
    const read = readDocument(typed);
    if (!read) return;
    told.current = read;
    draft.set(read);
  };
  const found = problems && same(problems.checked, draft.document) ? Object.entries(problems.byPath) : [];
  return <CodeInput language="json" label={t("definitions.json")} labelHidden value={text} onChange={edit} problems={found.flatMap(([path, messages]) => messages.map((message) => ({ path, message })))} minLines={12} maxLines={40} />;
}

function readDocument(text: string): Document | undefined {
  try {
    const read = parseExact(text);
    return read !== null && typeof read === "object" && !Array.isArray(read) ? (read as Document) : undefined;
  } catch {
    return undefined;
  }
}
