/** The document that a form edits, and access to its keys. */

import { type ReactNode, createContext, useContext } from "react";
import type { Document } from "../queries";

interface Scope {
  app: string;
  document: Document;
  onChange: (document: Document) => void;
}

const ScopeContext = createContext<Scope | null>(null);

/** The document whose keys stand inside. */
export function DocumentScope({ app, document, onChange, children }: Scope & { children: ReactNode }) {
  return <ScopeContext.Provider value={{ app, document, onChange }}>{children}</ScopeContext.Provider>;
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

/** A key that holds a document of its own. */
export function Nested({ name, children }: { name: string; children: ReactNode }) {
  const { app } = useScope();
  const [value, set] = useKey(name);
  return (
    <DocumentScope app={app} document={(value ?? {}) as Document} onChange={set}>
      {children}
    </DocumentScope>
  );
}
