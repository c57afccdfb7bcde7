/** The endpoint of a webhook: its health, what is sent again, its secret. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../../../api/client";

export type Circuit = "closed" | "open" | "half_open" | "disabled";

/** What a webhook says about its endpoint; null while the service that knows is away. */
export interface Health {
  circuit?: Circuit | null;
  failing_since?: string | null;
  next_try_at?: string | null;
  last_error?: string | null;
}

export interface Delivery {
  id: string;
  hook: string;
  status: string;
  origin: string;
  response_status: number | null;
  error: string | null;
  created_at: string;
}

export interface Replay {
  id: string;
  status: "running" | "done" | "failed";
  created_at: string;
  deliveries: number;
  error?: string | null;
}

const SHOWN = "5";
const REFRESH_MS = 5_000;

const under = (id: string) => `/_admin/webhooks/${encodeURIComponent(id)}`;

/** The last requests to an endpoint. */
export const lastDeliveriesQuery = (app: string, id: string) =>
  queryOptions({
    queryKey: [app, "webhook", id, "deliveries"],
    queryFn: ({ signal }) => request<Delivery[]>(app, "GET", "/_admin/webhook-logs", { signal, query: { webhook_id: id, per_page: SHOWN } }).then((reply) => reply.data),
    refetchInterval: REFRESH_MS,
  });

export const replaysQuery = (app: string, id: string) =>
  queryOptions({
    queryKey: [app, "webhook", id, "replays"],
    queryFn: ({ signal }) => request<Replay[]>(app, "GET", `${under(id)}/replays`, { signal, query: { per_page: SHOWN } }).then((reply) => reply.data),
    refetchInterval: ({ state }) => (state.data?.some((replay) => replay.status === "running") ? REFRESH_MS : false),
  });

function useEndpoint<Answer, Body>(app: string, id: string, act: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => request<Answer>(app, "POST", `${under(id)}/${act}`, body ? { body } : {}).then((reply) => reply.data),
    onSettled: () => client.invalidateQueries({ queryKey: [app] }),
    meta: { shown: act === "replay" },
  });
}

export const useTest = (app: string, id: string) => useEndpoint<Delivery, void>(app, id, "test");
export const useEnable = (app: string, id: string) => useEndpoint<Health, void>(app, id, "enable");
export const useRotate = (app: string, id: string) => useEndpoint<{ secret: string; previous_valid_until: string }, void>(app, id, "rotate-secret");
export const useReplay = (app: string, id: string) => useEndpoint<Replay, { from: string; to?: string }>(app, id, "replay");
