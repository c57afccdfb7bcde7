/** The document that is being edited: with undo and redo, and kept in this tab until it is saved or given up. */

import { useCallback, useEffect, useRef, useState } from "react";
import { same } from "../../model/changes";
import { leaves } from "../../model/workflow-diff";
import type { Document } from "./queries";

const STORED = "rocket.draft.";
const TYPING_MS = 700;
const MAX_STEPS = 100;

interface Kept {
  document: Document;
  at: string;
  etag: string | null;
}

interface Steps {
  past: Document[];
  now: Document;
  future: Document[];
}

export interface Draft {
  document: Document;
  set: (document: Document) => void;
  undo: (() => void) | undefined;
  redo: (() => void) | undefined;
  /** What was typed before and not saved: it is shown. */
  kept: { at: string; isStale: boolean } | undefined;
  /** Whether it differs from what is stored. */
  isChanged: boolean;
  /** Go back to what is stored. */
  discard: () => void;
  /** Forget what was kept, as it is saved now. */
  forget: () => void;
}

export function useDraft(name: string, initial: Document, etag: string | null): Draft {
  const key = STORED + name;
  const [kept, setKept] = useState(() => keptAt(key, initial));
  const [steps, setSteps] = useState<Steps>({ past: [], now: kept?.document ?? initial, future: [] });
  const typed = useRef({ at: 0, key: "" });
  const shown = useRef(steps.now);
  shown.current = steps.now;
  const isDone = useRef(false);
  const set = useCallback((next: Document) => {
    // What is typed in one go into one place is one step.
    const changes = leaves(shown.current, next);
    const key = changes.length === 1 ? changes[0]!.key : "";
    const isNewStep = key === "" || key !== typed.current.key || Date.now() - typed.current.at > TYPING_MS;
    typed.current = { at: Date.now(), key };
    isDone.current = false;
    setSteps(({ past, now }) => ({ past: isNewStep || past.length === 0 ? [...past, now].slice(-MAX_STEPS) : past, now: next, future: [] }));
  }, []);
  const isChanged = !same(steps.now, initial);
  useEffect(() => {
    if (isDone.current) return;
    if (isChanged) sessionStorage.setItem(key, JSON.stringify({ document: steps.now, at: new Date().toISOString(), etag } satisfies Kept));
    else sessionStorage.removeItem(key);
  }, [key, steps.now, isChanged, etag]);
  const go = (from: Document[], move: (before: Steps) => Steps) => (from.length === 0 ? undefined : () => { typed.current.at = 0; setSteps(move); });
  return {
    document: steps.now,
    set,
    undo: go(steps.past, ({ past, now, future }) => ({ past: past.slice(0, -1), now: past.at(-1)!, future: [now, ...future] })),
    redo: go(steps.future, ({ past, now, future }) => ({ past: [...past, now], now: future[0]!, future: future.slice(1) })),
    kept: kept && { at: kept.at, isStale: kept.etag !== etag },
    isChanged,
    discard: () => { setKept(undefined); typed.current.at = 0; set(initial); },
    forget: () => { isDone.current = true; sessionStorage.removeItem(key); },
  };
}

/** What somebody has typed in this tab and not saved. */
export function draftOf(name: string): Document | undefined {
  const text = sessionStorage.getItem(STORED + name);
  return text === null ? undefined : (JSON.parse(text) as Kept).document;
}

function keptAt(key: string, initial: Document): Kept | undefined {
  const text = sessionStorage.getItem(key);
  const found = text === null ? undefined : (JSON.parse(text) as Kept);
  return found && !same(found.document, initial) ? found : undefined;
}
