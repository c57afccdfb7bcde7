/** Figures of workflows, for the screens that show them. */

import { queryOptions } from "@tanstack/react-query";
import { type Kpis, PERIODS, windowOf } from "../model/kpis";
import { request } from "./client";

const REFRESH_MS = 60_000;

export const kpisQuery = (app: string, period: string, workflow?: string) =>
  queryOptions({
    queryKey: [app, "kpis", period, workflow ?? ""],
    queryFn: ({ signal }) => {
      const query = { ...windowOf(period, Date.now()), group_by: PERIODS[period]!.group, ...(workflow ? { workflow } : {}) };
      return request<Kpis>(app, "GET", "/_workflows/kpis", { query, signal }).then((reply) => reply.data);
    },
    refetchInterval: REFRESH_MS,
    meta: { shown: true },
  });
