/** A live stream of an app over fetch, so that the token travels in a header: opened again where it breaks. */

import { createParser } from "eventsource-parser";
import { parseExact } from "../model/json";
import type { Row } from "../model/schema";
import { openStream } from "./client";
import { isApiError } from "./errors";

export interface LiveChange {
  entity: string;
  id: string;
  action: string;
  change: "entered" | "changed" | "left";
  record?: Row;
}

/** How it stands with the stream. A refusal lasts; everything else is tried again. */
export interface LiveState {
  kind: "off" | "opening" | "live" | "away" | "refused";
  message?: string;
}

export interface StreamEvent {
  name: string;
  id: string | undefined;
  data: unknown;
}

interface Following {
  realm: string;
  path: string;
  query: URLSearchParams;
  /** The last event that came before. */
  after: string | undefined;
  signal: AbortSignal;
  onEvent: (event: StreamEvent) => void;
  onState: (state: LiveState) => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const TOO_MANY = 429;

/** Follow a stream until `signal` aborts or the server refuses it. Each attempt begins behind the last event that came. */
export async function follow(following: Following): Promise<void> {
  const { signal, onState } = following;
  let { after } = following;
  let pause = FIRST_PAUSE_MS;
  const onEvent = (event: StreamEvent) => {
    if (event.id) after = event.id;
    if (event.name === "end") pause = 0;
    else pause = FIRST_PAUSE_MS;
    if (event.name === "ready") onState({ kind: "live" });
    following.onEvent(event);
  };
  onState({ kind: "opening" });
  while (!signal.aborted) {
    const refusal = await once({ ...following, after, onEvent });
    if (signal.aborted) return;
    onState(refusal === undefined ? { kind: "away" } : { kind: "refused", message: refusal });
    if (refusal !== undefined) return;
    await sleep(pause, signal);
    pause = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pause * 2));
  }
}

/** One attempt, until the stream ends. Answers why the server refuses it for good. */
async function once({ realm, path, query, after, signal, onEvent }: Following): Promise<string | undefined> {
  const parser = createParser({
    onEvent: (event) => onEvent({ name: event.event ?? "message", id: event.id, data: event.data ? parseExact(event.data) : null }),
  });
  const asked = new URLSearchParams(query);
  if (after) asked.set("after", after);
  try {
    for await (const text of await openStream(realm, path, asked, signal)) parser.feed(text);
  } catch (error) {
    if (isApiError(error) && error.status >= 400 && error.status < 500 && error.status !== TOO_MANY) return error.message;
  }
  return undefined;
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
