/** Whether the server and all its services answer. What is away is asked for until it is back. */

import { useSyncExternalStore } from "react";

export interface Outage {
  /** What the server said; undefined where it did not answer at all. */
  message: string | undefined;
  /** The services that are away, as far as the server knows. */
  services: string[];
}

const ASK_AGAIN_MS = 3_000;
const UNREACHABLE = 0;
const UNAVAILABLE = 503;
let outage: Outage | undefined;
let isAsking = false;
const watchers = new Set<() => void>();

/** Note that a request failed because something is away. Other failures are none of this. */
export function noteFailure(status: number, message: string): void {
  if (status !== UNREACHABLE && status !== UNAVAILABLE) return;
  set({ message: status === UNREACHABLE ? undefined : message, services: outage?.services ?? [] });
  if (!isAsking) void askUntilReady();
}

/** What is away now; undefined when all is well. */
export function useOutage(): Outage | undefined {
  return useSyncExternalStore(watch, () => outage);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function set(next: Outage | undefined): void {
  outage = next;
  for (const watcher of watchers) watcher();
}

async function askUntilReady(): Promise<void> {
  isAsking = true;
  for (;;) {
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
    const answer = await fetch("/readyz").then(readiness, () => undefined);
    if (answer?.ready) break;
    set({ message: answer ? outage?.message : undefined, services: answer?.away ?? [] });
  }
  isAsking = false;
  set(undefined);
}

async function readiness(response: Response): Promise<{ ready: boolean; away: string[] }> {
  const body = (await response.json()) as { services?: Record<string, { ready: boolean }> };
  const away = Object.entries(body.services ?? {}).filter(([, service]) => !service.ready);
  return { ready: response.ok, away: away.map(([name]) => name) };
}
