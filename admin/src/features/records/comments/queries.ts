/** What the panels about a record ask and change: comments, who can be mentioned, and what has happened. */

import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { asOf } from "../../../api/moment";
import type { Comment } from "../../../model/threads";

const PAGE_ROWS = 100;
const ACTIVITY_ROWS = 25;

export interface Reader {
  id: string;
  email: string;
  name: string;
}

export interface ActivityEntry {
  id: string;
  type: string;
  summary: string;
  user_email: string | null;
  on_behalf_of?: string;
  metadata: Record<string, unknown>;
  created_at: string;
}

const path = (entity: string, id: string, rest: string) => `/${entity}/${encodeURIComponent(id)}/${rest}`;

/** Both panels stand below the records of their entity, so that whatever reads these anew reads them, too. */
export const aboutKey = (app: string, entity: string, id: string, what: string) => [...keys.records(app, entity), what, id];

export const commentsQuery = (app: string, entity: string, id: string, at: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...aboutKey(app, entity, id, "comments"), at ?? ""],
    queryFn: ({ pageParam, signal }) =>
      request<Comment[]>(app, "GET", path(entity, id, "comments"), { query: { cursor: pageParam, per_page: String(PAGE_ROWS), ...asOf(at) }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.meta.next_cursor ?? undefined,
  });

export const activityQuery = (app: string, entity: string, id: string, types: string) =>
  infiniteQueryOptions({
    queryKey: [...aboutKey(app, entity, id, "activity"), types],
    queryFn: ({ pageParam, signal }) =>
      request<ActivityEntry[]>(app, "GET", path(entity, id, "activity"), {
        query: { per_page: String(ACTIVITY_ROWS), ...(types ? { type: types } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.meta.next_cursor ?? undefined,
  });

export const readersQuery = (app: string, entity: string, id: string, typed: string) =>
  queryOptions({
    queryKey: [...aboutKey(app, entity, id, "mentionable"), typed],
    queryFn: ({ signal }) => request<Reader[]>(app, "GET", path(entity, id, "mentionable"), { query: { q: typed }, signal }).then((reply) => reply.data),
    staleTime: 60_000,
  });

export interface Said {
  body: string;
  /** The comment that is answered. */
  parent?: string | undefined;
  /** The comment that is changed, and the time of the version that was seen. */
  changed?: Comment | undefined;
}

/** Says something, or says it otherwise. */
export function useSay(app: string, entity: string, id: string) {
  const reread = useReread(app, entity, id);
  return useMutation({
    mutationFn: ({ body, parent, changed }: Said) =>
      changed
        ? request<Comment>(app, "PUT", path(entity, id, `comments/${changed.id}`), { body: { body } })
        : request<Comment>(app, "POST", path(entity, id, "comments"), { body: parent ? { body, parent_id: parent } : { body } }),
    meta: { shown: true },
    onSuccess: reread,
  });
}

export function useUnsay(app: string, entity: string, id: string) {
  const reread = useReread(app, entity, id);
  return useMutation({
    mutationFn: (comment: string) => request<unknown>(app, "DELETE", path(entity, id, `comments/${comment}`)),
    onSuccess: reread,
  });
}

/** Reads what the panels show anew. */
export function useReread(app: string, entity: string, id: string) {
  const client = useQueryClient();
  return () => Promise.all(["comments", "activity"].map((what) => client.invalidateQueries({ queryKey: aboutKey(app, entity, id, what) })));
}
