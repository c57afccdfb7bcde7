/** Instances, delegations, and what may be started: the screens share these questions and acts. */

import { queryOptions, useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys, useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { type Entity, type Row, labelField, labelOf } from "../../model/schema";
import type { Delegation, Instance, Startable } from "../../model/tasks";

const REFRESH_MS = 5_000;

export const instanceQuery = (app: string, id: string) =>
  queryOptions({
    queryKey: [app, "instance", id],
    queryFn: ({ signal }) => request<Instance>(app, "GET", `/_workflows/${id}`, { signal }).then((reply) => reply.data),
    refetchInterval: (query) => (query.state.data?.status === "running" ? REFRESH_MS : false),
  });

/** The instances that an instance has started: they are about the same record. */
export const childrenQuery = (app: string, instance: Instance) =>
  queryOptions({
    queryKey: [app, "instance", instance.id, "children", instance.updated_at],
    queryFn: ({ signal }) =>
      request<Instance[]>(app, "GET", "/_workflows", { signal, query: { record: instance.record_id!, per_page: "100" } }).then((reply) =>
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
  error?: Error;
}

/** One decision about several instances, one after the other, each for itself: what is refused stops nothing. */
export async function decideAll(app: string, ids: string[], decision: Decision, comment: string): Promise<Result[]> {
  const results: Result[] = [];
  const body = comment === "" ? {} : decision === "cancel" ? { reason: comment } : { comment };
  for (const id of ids) {
    const refused = await request(app, "POST", `/_workflows/${id}/${decision}`, { body }).then(
      () => undefined,
      (error: Error) => error,
    );
    results.push({ id, ...(refused ? { error: refused } : {}) });
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
