/** Definitions of all kinds: the screens share these questions and changes. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../../api/app-schema";
import { request } from "../../api/client";

export type Document = Record<string, unknown>;

/** Kinds whose GET answers hold the document under `definition`, and which are addressed by name. */
const NAMED = new Set(["entities", "relations"]);

export const definitionsQuery = (app: string, kind: string) =>
  queryOptions({
    queryKey: keys.definitions(app, kind),
    queryFn: ({ signal }) => request<Document[]>(app, "GET", `/_admin/${kind}`, { signal }).then((reply) => reply.data),
  });

export const definitionQuery = (app: string, kind: string, id: string) =>
  queryOptions({
    queryKey: [...keys.definitions(app, kind), id],
    queryFn: ({ signal }) => request<Document>(app, "GET", `/_admin/${kind}/${encodeURIComponent(id)}`, { signal }),
  });

/** What a definition is addressed by. */
export function handleOf(kind: string, row: Document): string {
  return String(NAMED.has(kind) ? row["name"] : row["id"]);
}

/** The plain document of a definition, as it is sent. */
export function documentOf(kind: string, row: Document): Document {
  if (NAMED.has(kind)) return row["definition"] as Document;
  const { id: _id, created_at: _created, updated_at: _updated, ...document } = row;
  return document;
}

/** A definition in words, for lists. */
export function titleOf(row: Document): string {
  const parts = [row["name"], row["entity"], row["field"], row["hook"], row["action"], row["type"], row["url"]];
  const named = row["name"] ? [row["name"]] : parts.filter((part) => typeof part === "string" && part);
  return named.join(" · ") || String(row["id"]);
}

export interface Change {
  id?: string;
  document: Document;
  etag?: string | null;
}

export function useSaveDefinition(app: string, kind: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, document, etag }: Change) =>
      id === undefined
        ? request<Document>(app, "POST", `/_admin/${kind}`, { body: document })
        : request<Document>(app, "PUT", `/_admin/${kind}/${encodeURIComponent(id)}`, {
            body: document,
            headers: etag ? { "If-Match": etag } : {},
          }),
    onSuccess: () => refresh(client, app),
    meta: { shown: true },
  });
}

export interface Plan {
  statements?: string[];
  warnings?: unknown[];
  violations?: unknown[];
}

/** What saving would do: statements, and the rows that stand against it. Nothing is changed. */
export function usePlan(app: string, kind: string) {
  return useMutation({
    mutationFn: ({ id, document }: Change) =>
      request<Plan>(app, id === undefined ? "POST" : "PUT", `/_admin/${kind}${id === undefined ? "" : `/${encodeURIComponent(id)}`}`, {
        query: { dry_run: "true" },
        body: document,
      }).then((reply) => reply.data),
    meta: { shown: true },
  });
}

export interface Version {
  version: number;
  at: string;
  user: { id: string | null; email: string | null } | null;
  changed: string[];
}

/** What a definition was before, newest first. */
export const versionsQuery = (app: string, kind: string, id: string) =>
  queryOptions({
    queryKey: [...keys.definitions(app, kind), id, "versions"],
    queryFn: ({ signal }) =>
      request<Version[]>(app, "GET", `/_admin/${kind}/${encodeURIComponent(id)}/versions`, { signal }).then((reply) => reply.data),
  });

/** Make a former version the newest one. */
export function useRestoreVersion(app: string, kind: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) =>
      request<Document>(app, "POST", `/_admin/${kind}/${encodeURIComponent(id)}/restore`, { body: { version } }),
    onSuccess: () => refresh(client, app),
  });
}

export function useDeleteDefinition(app: string, kind: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request(app, "DELETE", `/_admin/${kind}/${encodeURIComponent(id)}`),
    onSuccess: () => refresh(client, app),
  });
}

/** A definition decides what everything else looks like: all that is known of the app is asked anew. */
function refresh(client: ReturnType<typeof useQueryClient>, app: string): Promise<void> {
  return client.invalidateQueries({ queryKey: [app] });
}
