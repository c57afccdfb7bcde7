import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import type { Span } from "../../model/trace";

export interface Trace {
  trace_id: string;
  root_span: Span;
  span_count: number;
  total_duration_ms: number;
}

/** How often a trace is asked for that is not there: spans are stored after the response, within moments. */
const ATTEMPTS = 20;
const LOOK_MS = 1_000;
/** How long after its first answer a trace may still grow by spans that other services ship. */
const GROWING_MS = 5_000;

/** A trace; waits for one that is not stored yet, and looks again while one is young. */
export function useTrace(app: string, trace: string) {
  return useQuery({
    queryKey: [app, "trace", trace],
    queryFn: ({ signal }) => request<Trace>(app, "GET", `/_events/trace/${trace}`, { signal }).then((reply) => reply.data),
    retry: (failures, error) => failures < ATTEMPTS && (!isApiError(error) || [0, 404].includes(error.status) || error.status >= 500),
    retryDelay: LOOK_MS,
    refetchInterval: ({ state }) => (state.data && isYoung(state.data) ? LOOK_MS : false),
  });
}

function isYoung({ root_span: { created_at, duration_ms } }: Trace): boolean {
  const age = Date.now() - new Date(created_at).getTime() - Number(duration_ms);
  return age >= 0 && age < GROWING_MS;
}
