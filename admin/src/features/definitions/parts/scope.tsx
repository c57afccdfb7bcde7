/** The document that a form edits, access to its keys, and what is wrong with them. */

import { type ReactNode, createContext, useContext } from "react";
import { same } from "../../../model/changes";
import { type Problems, valueAt } from "../problems";
import type { Document } from "../queries";

interface Scope {
  app: string;
  document: Document;
  onChange: (document: Document) => void;
  /** Where the document stands in the whole one, with a dot at its end. */
  path?: string;
}

const ScopeContext = createContext<Scope | null>(null);
const ProblemsContext = createContext<Problems | null>(null);

/** The document whose keys stand inside. */
export function DocumentScope({ app, document, onChange, path = "", children }: Scope & { children: ReactNode }) {
  return <ScopeContext.Provider value={{ app, document, onChange, path }}>{children}</ScopeContext.Provider>;
}

/** What the server found wrong with the whole document. */
export function ProblemsOf({ problems, children }: { problems: Problems | null; children: ReactNode }) {
  return <ProblemsContext.Provider value={problems}>{children}</ProblemsContext.Provider>;
}

/** What is wrong with the whole document, as far as it is known. */
export function useDocumentProblems(): Problems | null {
  return useContext(ProblemsContext);
}

export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (!scope) throw new Error("a key stands outside of every document");
  return scope;
}

/** A key's value, and how to set it; `undefined` takes the key away, so that its default holds. */
export function useKey(name: string): [unknown, (value: unknown) => void] {
  const { document, onChange } = useScope();
  const set = (value: unknown) => {
    const { [name]: _old, ...rest } = document;
    onChange(value === undefined ? rest : { ...document, [name]: value });
  };
  return [document[name], set];
}

/** What is wrong with a key, as long as it is what the server looked at. */
export function useProblems(name: string): string[] {
  const problems = useContext(ProblemsContext);
  const { document, path } = useScope();
  const at = `${path}${name}`;
  const messages = problems?.byPath[at];
  return messages && same(valueAt(problems!.checked, at), document[name]) ? messages : [];
}

export function useProblem(name: string): string | undefined {
  return useProblems(name)[0];
}

/** What is wrong with a key or anything in it, as long as it is what the server looked at. */
export function useProblemWithin(name: string): string | undefined {
  const problems = useContext(ProblemsContext);
  const { document, path } = useScope();
  const at = `${path}${name}`;
  if (!problems || !same(valueAt(problems.checked, at), document[name])) return undefined;
  return Object.entries(problems.byPath).find(([each]) => each === at || each.startsWith(`${at}.`))?.[1][0];
}

/** A key that holds a document of its own. */
export function Nested({ name, children }: { name: string; children: ReactNode }) {
  const { app, path } = useScope();
  const [value, set] = useKey(name);
  return (
    <DocumentScope app={app} document={(value ?? {}) as Document} onChange={set} path={`${path}${name}.`}>
      {children}
    </DocumentScope>
  );
}
