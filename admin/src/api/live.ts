/** Changes of an entity's records as they happen. All tabs of a browser share one stream per app. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import { LiveHub } from "./live-hub";
import { matched } from "./live-match";
import type { LiveChange, LiveState } from "./live-stream";
import { identityOf, onSessionChange } from "./session";

export type { LiveChange } from "./live-stream";

const GATHER_MS = 150;
const hubs = new Map<string, LiveHub>();

/** The stream of an app as the caller sees it: who they are decides what comes. */
function hubOf(realm: string): LiveHub {
  const name = `rocket.live.${realm}.${identityOf(realm)}`;
  const found = hubs.get(name) ?? new LiveHub(realm, name);
  hubs.set(name, found);
  return found;
}

export interface Beside {
  /** The key that records are asked by, where the list has filters; an entity with a composite key has none. */
  key?: string | undefined;
  /** Something was missed: the list has to be read again. */
  onGap: () => void;
}

/**
 * Watch a list: `onChanges` gets what happens to its records, many at once where much happens. With filters in `query`
 * the list itself is asked which of the records it shows. Nothing is watched while `enabled` is false.
 */
export function useLive(realm: string, entity: string, query: URLSearchParams, enabled: boolean, onChanges: (changes: LiveChange[]) => void, beside: Beside): void {
  const latest = useRef({ onChanges, ...beside });
  latest.current = { onChanges, ...beside };
  const asked = query.toString();
  useEffect(() => {
    if (!enabled) return undefined;
    const stop = new AbortController();
    let gathered: LiveChange[] = [];
    const tell = async () => {
      const changes = gathered;
      gathered = [];
      const { key } = latest.current;
      if (asked === "") return latest.current.onChanges(changes);
      if (key === undefined) return latest.current.onGap();
      const found = await matched(realm, entity, new URLSearchParams(asked), key, changes, stop.signal).catch(() => undefined);
      if (stop.signal.aborted) return undefined;
      return found ? latest.current.onChanges(found) : latest.current.onGap();
    };
    const gather = (changes: LiveChange[]) => {
      if (gathered.length === 0) setTimeout(() => stop.signal.aborted || void tell(), GATHER_MS);
      gathered.push(...changes);
    };
    const leave = hubOf(realm).add({ entity, onChanges: gather, onGap: () => latest.current.onGap() });
    return () => {
      stop.abort();
      leave();
    };
  }, [realm, entity, asked, enabled]);
}

/** How it stands with the app's live stream, and how to try again where it was refused. */
export function useLiveState(realm: string): [LiveState, () => void] {
  const hub = hubOf(realm);
  const state = useSyncExternalStore((changed) => hub.watch(changed), () => hub.state);
  return [state, () => hub.retry()];
}

// Somebody is logged in who may be let in where somebody else was refused.
onSessionChange(() => {
  for (const hub of hubs.values()) if (hub.state.kind === "refused") hub.retry();
});
