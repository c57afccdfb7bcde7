/** What the record screens ask and change. */

import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../../api/app-schema";
import { type Reply, request } from "../../api/client";
import { asOf } from "../../api/moment";
import { type ListState, toPage, toQuery } from "../../model/filter";
import type { ListChange } from "../../model/list-changes";
import type { VersionChange } from "../../model/undo";
import { type Entity, type Relation, type Row, labelField, referenceOf } from "../../model/schema";

export const PAGE_ROWS = 100;
/** Characters of a long value that a cell shows. The rest is never sent to a list. */
const MAX_CELL_CHARS = 300;
/** The API counts up to here before it estimates. */
const COUNTED_EXACTLY = 10_000;

/** A page of a list. References come with their records, so that they are shown by name. */
export const recordsQuery = (app: string, entity: Entity, state: ListState, at?: string) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "list", toQuery(state).toString(), toPage(state.page), at ?? ""],
    queryFn: ({ signal }) => {
      const query = toQuery(state);
      for (const [name, value] of Object.entries(toPage(state.page))) query.set(name, value);
      if (at) query.set("as_of", at);
      query.set("per_page", String(PAGE_ROWS));
      query.set("truncate", String(MAX_CELL_CHARS));
      const names = referencesOf(entity);
      if (names.length > 0) query.set("include", names.join(","));
      return request<Row[]>(app, "GET", `/${entity.name}`, { query, signal });
    },
  });

/** Whether a value of a list was cut, so that it can't be edited there. */
export function isCut(truncated: readonly string[] | undefined, field: string, value: unknown): boolean {
  return (truncated?.includes(field) ?? false) && typeof value === "string" && value.length > MAX_CELL_CHARS;
}

/** How many records a list has, asked beside its rows, so that counting never delays them. */
export const countQuery = (app: string, entity: Entity, state: ListState, how: "estimated" | "exact", at?: string) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "count", how, toQuery(state).toString(), at ?? ""],
    queryFn: async ({ signal }) => {
      const query = toQuery(state);
      query.delete("sort");
      query.set("per_page", "1");
      query.set("count", how);
      if (at) query.set("as_of", at);
      const { meta } = await request<Row[]>(app, "GET", `/${entity.name}`, { query, signal });
      const total = meta.total ?? 0;
      return { total, isExact: !meta.estimated || total < COUNTED_EXACTLY };
    },
  });

/** What has become of a list since a moment. The API says so for the records that were changed last, if there are very many. */
export const changesQuery = (app: string, entity: Entity, state: ListState, since: string) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "changes", toQuery(state).toString(), since],
    queryFn: async ({ signal }) => {
      const query = toQuery(state);
      query.delete("sort");
      query.set("since", since);
      const { data, meta } = await request<ListChange[]>(app, "GET", `/${entity.name}/_changes`, { query, signal });
      return { changes: data, isComplete: meta.complete ?? true };
    },
    staleTime: 0,
  });

/** The relations by which this entity refers to others, for `include`. */
export function referencesOf(entity: Entity): string[] {
  const names = entity.fields.map((field) => referenceOf(entity, field.name)?.name);
  return [...new Set(names.filter((name) => name !== undefined))];
}

export const recordQuery = (app: string, entity: Entity, id: string, at?: string) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "one", id, at ?? ""],
    queryFn: ({ signal }) => request<Row>(app, "GET", recordPath(entity, id), { signal, query: asOf(at) }),
  });

/** The records at the other end of a relation of a record. */
export const relatedQuery = (app: string, entity: Entity, id: string, relation: Relation, at?: string) =>
  queryOptions({
    queryKey: [...keys.records(app, relation.target), "related", entity.name, id, relation.name, at ?? ""],
    queryFn: async ({ signal }) => {
      const reply = await request<Row>(app, "GET", recordPath(entity, id), { signal, query: { include: relation.name, ...asOf(at) } });
      const found = reply.data[relation.name];
      const rows = (Array.isArray(found) ? found : found ? [found] : []) as Row[];
      return { rows, etag: reply.etag };
    },
  });

const RELATED_PER_PAGE = 25;

/** The records that refer to one by a relation, a page at a time, with the names of what they refer to themselves. */
export const referringQuery = (app: string, target: Entity, relation: Relation, value: string, at?: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.records(app, target.name), "referring", relation.name, value, at ?? ""],
    queryFn: ({ pageParam, signal }) => {
      const names = referencesOf(target).filter((name) => name !== relation.name);
      const query = { [`filter[${relation.target_key}]`]: value, cursor: pageParam, per_page: String(RELATED_PER_PAGE), count: "estimated", truncate: String(MAX_CELL_CHARS), ...asOf(at) };
      return request<Row[]>(app, "GET", `/${target.name}`, { signal, query: names.length > 0 ? { ...query, include: names.join(",") } : query });
    },
    initialPageParam: "",
    getNextPageParam: (last: Reply<Row[]>) => last.meta.next_cursor ?? undefined,
  });

/** Change the children of a record together, in one commit: those sent are created, changed or (with `_delete`) deleted. */
export function useSaveChildren(app: string, entity: Entity, id: string, relation: Relation) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ rows, etag }: { rows: Row[]; etag: string | null }) =>
      request<Row>(app, "PUT", recordPath(entity, id), {
        body: { [relation.name]: { _write_mode: "diff", data: rows } },
        headers: etag ? { "If-Match": etag } : {},
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: [app, "records"] }),
    meta: { shown: true },
  });
}

export interface Version extends VersionChange {
  commit_id: string;
  /** What made the change: a request, or for example a workflow. */
  cause?: string | null;
  trace_id: string | null;
}

const VERSIONS_PER_PAGE = 30;

export const historyQuery = (app: string, entity: Entity, id: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.records(app, entity.name), "history", id],
    queryFn: ({ pageParam, signal }) =>
      request<Version[]>(app, "GET", `${recordPath(entity, id)}/history`, { signal, query: { per_page: String(VERSIONS_PER_PAGE), page: String(pageParam) } }),
    initialPageParam: 1,
    getNextPageParam: (last: Reply<Version[]>, _all, page: number) => (page * VERSIONS_PER_PAGE < (last.meta.total ?? 0) ? page + 1 : undefined),
  });

/** A record as one of its versions left it. */
export const versionQuery = (app: string, entity: Entity, id: string, version: number) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "version", id, version],
    queryFn: ({ signal }) => request<Row>(app, "GET", recordPath(entity, id), { signal, query: { version: String(version) } }).then((reply) => reply.data),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

interface CommitRecord {
  entity: string;
  record_id: string;
  action: string;
}

export interface OfferedTransition {
  field: string;
  from: string | string[];
  to: string;
  allowed: boolean;
  reason?: "state" | "permission" | "role" | "guard" | "rule";
  message?: string;
  roles?: string[];
  guard?: string;
}

/** The transitions of a record's states, and for each whether the caller may take it now, or why not. */
export const transitionsQuery = (app: string, entity: Entity, id: string, etag: string | null) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "transitions", id, etag],
    queryFn: ({ signal }) => request<OfferedTransition[]>(app, "GET", `${recordPath(entity, id)}/transitions`, { signal }).then((reply) => reply.data),
  });

/** The other records that a commit has changed: an undo takes those back too. */
export const othersOfCommitQuery = (app: string, commit: string, entity: string, id: string) =>
  queryOptions({
    queryKey: [app, "commit", commit],
    queryFn: ({ signal }) => request<{ records: CommitRecord[] }>(app, "GET", `/_commits/${commit}`, { signal }).then((reply) => reply.data.records),
    select: (records: CommitRecord[]) => records.filter((each) => each.entity !== entity || each.record_id !== id),
  });

/** Records that refer to one: the first page of a relation's targets. */
export const childrenQuery = (app: string, target: Entity, field: string, value: string) =>
  queryOptions({
    queryKey: [...keys.records(app, target.name), "of", field, value],
    queryFn: ({ signal }) =>
      request<Row[]>(app, "GET", `/${target.name}`, { signal, query: { [`filter[${field}]`]: value, per_page: "50" } }),
  });

/** Records to choose a reference from, by a part of their name. */
export const choicesQuery = (app: string, target: Entity, typed: string) =>
  queryOptions({
    queryKey: [...keys.records(app, target.name), "choices", typed],
    queryFn: ({ signal }) => {
      const label = labelField(target);
      const query: Record<string, string> = { per_page: "20", count: "none", sort: label };
      if (typed) query[`filter[${label}.ilike]`] = `%${typed.replace(/[\\%_]/g, (found) => `\\${found}`)}%`;
      return request<Row[]>(app, "GET", `/${target.name}`, { signal, query }).then((reply) => reply.data);
    },
  });

export interface Save {
  id?: string;
  values: Row;
  etag?: string | null;
}

/** Create or change a record. The form shows refusals, so they are not shown again. */
export function useSave(app: string, entity: Entity) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, values, etag }: Save) =>
      id === undefined
        ? request<Row>(app, "POST", `/${entity.name}`, { body: values })
        : request<Row>(app, "PUT", recordPath(entity, id), { body: values, headers: etag ? { "If-Match": etag } : {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: [app, "records"] }),
    meta: { shown: true },
  });
}

type Act = "delete" | "restore";

export function useAct(app: string, entity: Entity) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ act, id }: { act: Act; id: string }) =>
      act === "delete"
        ? request(app, "DELETE", recordPath(entity, id))
        : request(app, "POST", `${recordPath(entity, id)}/restore`),
    onSettled: () => client.invalidateQueries({ queryKey: [app, "records"] }),
  });
}

/** Take a commit back. The dialog shows refusals, so they are not shown again. */
export function useUndo(app: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (commit: string) => request(app, "POST", `/_commits/${commit}/undo`),
    onSettled: () => client.invalidateQueries({ queryKey: [app, "records"] }),
    meta: { shown: true },
  });
}

export function recordPath(entity: Entity, id: string): string {
  return `/${entity.name}/${encodeURIComponent(id)}`;
}
