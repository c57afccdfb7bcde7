/** The time at which runs are looked at. The moment of the app may be a commit: runs are asked for its time. */

import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { useAt } from "../../api/moment";

export interface RunTime {
  /** Undefined is now. */
  time: string | undefined;
  /** Whether it is known by now. */
  isKnown: boolean;
  error: Error | null;
}

export function useRunTime(app: string): RunTime {
  const at = useAt();
  const isCommit = at !== undefined && /^\d+$/.test(at);
  const found = useQuery({
    queryKey: [app, "commit", at, "time"],
    queryFn: ({ signal }) => request<{ at: string }>(app, "GET", `/_commits/${at}`, { signal }).then((reply) => reply.data.at),
    enabled: isCommit,
    staleTime: Infinity,
    meta: { shown: true },
  });
  return isCommit ? { time: found.data, isKnown: found.data !== undefined, error: found.error } : { time: at, isKnown: true, error: null };
}
