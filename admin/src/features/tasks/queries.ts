/** Instances, delegations, and what may be started: the screens share these questions and acts. */

import { infiniteQueryOptions, queryOptions, useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys, useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { asOf } from "../../api/moment";
import { type Entity, type Row, labelField, labelOf } from "../../model/schema";
import type { InstanceGraph } from "../../model/instance-graph";
import type { Delegation, HistoryEntry, Instance, Startable } from "../../model/tasks";

const REFRESH_MS = 5_000;
/** Entries of its history that an instance itself shows: the newest. */
export const MAX_SHOWN_ENTRIES = 100;

/** An instance, now or as it was at a time. */
export const instanceQuery = (app: string, id: string, time?: string) =>
  queryOptions({
    queryKey: [app, "instance", id, ...(time ? [time] : [])],
    queryFn: ({ signal }) => request<Instance>(app, "GET", `/_workflows/${id}`, { signal, query: asOf(time) }).then((reply) => reply.data),
    refetchInterval: (query) => (time === undefined && query.state.data?.status === "running" ? REFRESH_MS : false),
  });

/** The steps of the definition that an instance goes by, and what it did there. */
export const graphQuery = (app: string, { id, updated_at }: Instance, time?: string) =>
  queryOptions({
    queryKey: [app, "instance", id, "graph", updated_at, ...(time ? [time] : [])],
    queryFn: ({ signal }) => request<InstanceGraph>(app, "GET", `/_workflows/${id}/graph`, { signal, query: asOf(time) }).then((reply) => reply.data),
    meta: { shown: true },
  });

/** The whole history of an instance, oldest first. */
export const historyQuery = (app: string, { id }: Instance, time?: string) =>
  infiniteQueryOptions({
    queryKey: [app, "instance", id, "history", ...(time ? [time] : [])],
    queryFn: ({ signal, pageParam }) => request<HistoryEntry[]>(app, "GET", `/_workflows/${id}/history`, { signal, query: { page: String(pageParam), per_page: String(MAX_SHOWN_ENTRIES), ...asOf(time) } }),
    initialPageParam: 1,
    getNextPageParam: (last, _pages, page) => (page * MAX_SHOWN_ENTRIES < (last.meta.total ?? 0) ? page + 1 : undefined),
    meta: { shown: true },
  });

/** The instances that an instance has started: they are about the same record. */
export const childrenQuery = (app: string, instance: Instance, time?: string) =>
  queryOptions({
    queryKey: [app, "instance", instance.id, "children", instance.updated_at, ...(time ? [time] : [])],
    queryFn: ({ signal }) =>
      request<Instance[]>(app, "GET", "/_workflows", { signal, query: { record: instance.record_id!, per_page: "100", ...asOf(time) } }).then((reply) =>
        reply.data.filter((each) => each.parent_id === instance.id),
      ),
    enabled: instance.record_id !== null,
  });

export const delegationsQuery = (app: string, all = false) =>
  queryOptions({
    queryKey: [app, "delegations", all],
    queryFn: ({ signal }) => request<Delegation[]>(app, "GET", "/_workflows/delegations", { signal, query: { per_page: "100", ...(all ? { all: "true" } : {}) } }).then((reply) => reply.data),
  });

export const startableQuery = (app: string) =>
  queryOptions({
    queryKey: [app, "startable"],
    queryFn: ({ signal }) => request<Startable[]>(app, "GET", "/_workflows/startable", { signal }).then((reply) => reply.data),
  });

/** Something that is done to an instance. Everything that is known of the app is asked anew: records may have changed. */
export function useInstanceAct(app: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ act, body }: { act: string; body: unknown }) => request<Instance>(app, "POST", `/_workflows/${id}/${act}`, { body }).then((reply) => reply.data),
    onSuccess: (instance) => {
      client.setQueryData(instanceQuery(app, id).queryKey, instance);
      return client.invalidateQueries({ queryKey: [app] });
    },
    meta: { shown: true },
  });
}

export type Decision = "approve" | "reject" | "cancel";

export interface Result {
  id: string;
  status: "ok" | "refused";
  error?: { code: string; message: string; details?: { field?: string; message: string }[] };
}

export interface BulkDecision {
  ids: string[];
  decision: Decision;
  comment: string;
  form?: Record<string, unknown>;
}

/** Instances that the API decides about in one request. */
const MAX_AT_ONCE = 500;

/** One decision about several instances, each for itself: what is refused stops nothing. */
export async function decideAll(app: string, { ids, decision, comment, form }: BulkDecision): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < ids.length; from += MAX_AT_ONCE) {
    const body = { ids: ids.slice(from, from + MAX_AT_ONCE), decision, ...(comment === "" ? {} : { comment }), ...(form ? { form } : {}) };
    results.push(...(await request<{ results: Result[] }>(app, "POST", "/_workflows/_bulk", { body })).data.results);
  }
  return results;
}

/** The names of records, with one request per entity: `entity/id` → name. */
export function useRecordNames(app: string, rows: Pick<Instance, "entity" | "record_id">[]): Map<string, string> {
  const schema = useAppSchema(app);
  const ids = new Map<Entity, Set<string>>();
  for (const { entity, record_id } of rows) {
    const found = schema.entities.find((each) => each.name === entity && each.actions.includes("read") && each.primary_key.fields.length === 1);
    if (found && record_id) ids.set(found, (ids.get(found) ?? new Set()).add(record_id));
  }
  return useQueries({
    queries: [...ids].map(([entity, wanted]) => namesQuery(app, entity, [...wanted].sort())),
    combine: (found) => new Map(found.flatMap((each) => each.data ?? [])),
  });
}

function namesQuery(app: string, entity: Entity, ids: string[]) {
  const key = entity.primary_key.fields[0]!;
  return queryOptions({
    queryKey: [...keys.records(app, entity.name), "names", ids],
    queryFn: ({ signal }) =>
      request<Row[]>(app, "GET", `/${entity.name}`, { signal, query: { [`filter[${key}.in]`]: ids.join(","), per_page: "100", fields: [...new Set([key, labelField(entity)])].join(",") } }).then((reply) =>
        reply.data.map((row): [string, string] => [`${entity.name}/${String(row[key])}`, labelOf(entity, row)]),
      ),
  });
}

export function useDelegations(app: string): Delegation[] {
  return useQuery(delegationsQuery(app)).data ?? [];
}
