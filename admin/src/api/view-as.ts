/** Looking at an app as one of its users: in this tab, for a quarter of an hour, and without changing anything. */

import { useSyncExternalStore } from "react";

const STORED = "rocket.view.";

export interface ViewAs {
  access: string;
  expiresAt: number;
  email: string;
  roles: string[];
}

const watchers = new Set<() => void>();
const held = new Map<string, ViewAs | undefined>();

/** As whom the app is looked at in this tab; undefined is oneself. */
export function viewAs(realm: string): ViewAs | undefined {
  if (!held.has(realm)) {
    const text = sessionStorage.getItem(STORED + realm);
    held.set(realm, text === null ? undefined : (JSON.parse(text) as ViewAs));
  }
  const found = held.get(realm);
  if (!found || found.expiresAt > Date.now()) return found;
  sessionStorage.removeItem(STORED + realm);
  held.set(realm, undefined);
  return undefined;
}

export function beginViewAs(realm: string, view: ViewAs): void {
  sessionStorage.setItem(STORED + realm, JSON.stringify(view));
  held.set(realm, view);
  tell();
}

export function endViewAs(realm: string): void {
  sessionStorage.removeItem(STORED + realm);
  held.set(realm, undefined);
  tell();
}

export function useViewAs(realm: string): ViewAs | undefined {
  return useSyncExternalStore(watch, () => viewAs(realm));
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function tell(): void {
  for (const watcher of watchers) watcher();
}
