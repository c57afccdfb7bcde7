/** What happens in the app, as it happens: the live stream of events. */

import { useEffect, useRef, useState } from "react";
import { type LiveState, type StreamEvent, follow } from "./live-stream";

/** Follow the stream with some filters; another set of filters begins anew. */
export function useEventStream(realm: string, query: URLSearchParams, onEvent: (event: StreamEvent) => void): [LiveState, () => void] {
  const heard = useRef(onEvent);
  heard.current = onEvent;
  const [state, setState] = useState<LiveState>({ kind: "opening" });
  const [attempt, setAttempt] = useState(0);
  const asked = query.toString();
  useEffect(() => {
    const stop = new AbortController();
    void follow({
      realm,
      path: "/_events/_live",
      query: new URLSearchParams(asked),
      after: undefined,
      signal: stop.signal,
      onEvent: (event) => heard.current(event),
      onState: (next) => stop.signal.aborted || setState(next),
    });
    return () => stop.abort();
  }, [realm, asked, attempt]);
  return [state, () => setAttempt(attempt + 1)];
}
