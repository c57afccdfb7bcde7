/** Changes of an entity's records as they happen: a stream over fetch, so that the token travels in a header. */

import { createParser } from "eventsource-parser";
import { useEffect, useRef } from "react";
import { parseExact } from "../model/json";
import type { Row } from "../model/schema";
import { openStream } from "./client";

export interface LiveChange {
  entity: string;
  id: string;
  action: string;
  change: "entered" | "changed" | "left";
  record?: Row;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Watch a list: `onChanges` gets every commit's changes of it. A stream that ends is opened again, further and further apart,
 * behind the last commit that came. Nothing is watched while `enabled` is false.
 */
export function useLive(realm: string, entity: string, query: URLSearchParams, enabled: boolean, onChanges: (changes: LiveChange[]) => void): void {
  const heard = useRef(onChanges);
  heard.current = onChanges;
  const asked = query.toString();
  useEffect(() => {
    if (!enabled) return undefined;
    const stop = new AbortController();
    void watch(realm, entity, asked, stop.signal, (changes) => heard.current(changes));
    return () => stop.abort();
  }, [realm, entity, asked, enabled]);
}

async function watch(realm: string, entity: string, asked: string, signal: AbortSignal, tell: (changes: LiveChange[]) => void): Promise<void> {
  let after: string | undefined;
  let pause = FIRST_PAUSE_MS;
  const parser = createParser({
    onEvent(event) {
      if (event.id) after = event.id;
      if (event.event !== "commit") return;
      pause = FIRST_PAUSE_MS;
      tell((parseExact(event.data) as { changes: LiveChange[] }).changes);
    },
  });
  while (!signal.aborted) {
    const query = new URLSearchParams(asked);
    if (after) query.set("after", after);
    try {
      for await (const text of await openStream(realm, `/${entity}/_live`, query, signal)) parser.feed(text);
    } catch {
      // Refused or cut off: the list is read by itself anyway, and the stream is tried again.
    }
    parser.reset();
    if (!signal.aborted) await sleep(pause, signal);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}
