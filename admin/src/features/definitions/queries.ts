/** Definitions of all kinds: the screens share these questions and changes. */

import { useDebouncedValue } from "@mantine/hooks";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys } from "../../api/app-schema";
import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { plainBoard } from "../../model/dashboards";
import { type Problems, mistakesIn } from "./problems";

export type { Document } from "./problems";
import type { Document } from "./problems";

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
    queryFn: ({ signal }) => request<Document>(app, "GET", pathOf(kind, id), { signal }),
  });

/** Where a definition is: of its kind, or where there is but one of them, the kind itself. */
function pathOf(kind: string, id: string): string {
  return id === "" ? `/_admin/${kind}` : `/_admin/${kind}/${encodeURIComponent(id)}`;
}

/** What a definition is addressed by. */
export function handleOf(kind: string, row: Document): string {
  return String(NAMED.has(kind) ? row["name"] : row["id"]);
}

/** The plain document of a definition, as it is sent. */
export function documentOf(kind: string, row: Document): Document {
  if (NAMED.has(kind)) return row["definition"] as Document;
  const { id: _id, created_at: _created, updated_at: _updated, ...document } = row;
  if (kind === "dashboards") return plainBoard(document as never) as never;
  return kind === "webhooks" ? withoutHealth(document) : document;
}

/** What the API says about a webhook's endpoint is no part of its definition. */
function withoutHealth({ circuit: _circuit, failing_since: _since, next_try_at: _next, last_error: _error, ...document }: Document): Document {
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
        : request<Document>(app, "PUT", pathOf(kind, id), {
            body: document,
            headers: etag ? { "If-Match": etag } : {},
          }),
    onSuccess: () => refresh(client, app),
    meta: { shown: true },
  });
}

/** Stored rows that contradict a change. */
export interface Violation {
  entity: string;
  field: string | null;
  rule: string;
  rows: number;
}

export interface Plan {
  statements?: string[];
  warnings?: { path: string; message: string }[];
  violations?: Violation[];
}

/** What saving would do: statements, and the rows that stand against it. Nothing is changed. */
export function usePlan(app: string, kind: string) {
  return useMutation({
    mutationFn: (change: Change) => plan(app, kind, change),
    meta: { shown: true },
  });
}

function plan(app: string, kind: string, { id, document }: Change, signal?: AbortSignal): Promise<Plan> {
  const [method, path] = id === undefined ? ["POST", ""] : ["PUT", `/${encodeURIComponent(id)}`];
  return request<Plan>(app, method!, `/_admin/${kind}${path}`, { query: { dry_run: "true" }, body: document, ...(signal ? { signal } : {}) }).then((reply) => reply.data);
}

/** Kinds whose plan touches no table: they are checked while they are being typed. */
const CHECKED = new Set(["rules", "state-machines", "workflows", "permissions", "webhooks", "notification-channels", "notification-templates", "notification-rules", "dashboards"]);
/** Those whose problems all have a place in the form, also where nothing is an expression. */
const BUILT = new Set(["workflows", "dashboards"]);
const TYPING_MS = 600;

/** The mistakes in the expressions of a document, a moment after somebody stopped typing. */
export function useMistakes(app: string, kind: string, change: Change, isChanged: boolean): Problems | null {
  const [settled] = useDebouncedValue(change, TYPING_MS);
  const check = useQuery({
    queryKey: [app, "mistakes", kind, settled.id, settled.document],
    queryFn: ({ signal }) =>
      plan(app, kind, settled, signal).then(
        () => null,
        (error: Error) => (isApiError(error, 422) ? mistakesIn(error, settled.document, BUILT.has(kind)) : null),
      ),
    enabled: isChanged && CHECKED.has(kind),
    staleTime: Infinity,
    gcTime: 0,
  });
  return check.data ?? null;
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
      request<Version[]>(app, "GET", `${pathOf(kind, id)}/versions`, { signal }).then((reply) => reply.data),
  });

/** A definition as it was in a version. */
export const versionQuery = (app: string, kind: string, id: string, version: number) =>
  queryOptions({
    queryKey: [...keys.definitions(app, kind), id, "version", version],
    queryFn: ({ signal }) => request<Document>(app, "GET", `/_admin/${kind}/${encodeURIComponent(id)}`, { query: { version: String(version) }, signal }).then((reply) => reply.data),
    staleTime: Infinity,
  });

/** Make a former version the newest one. */
export function useRestoreVersion(app: string, kind: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) =>
      request<Document>(app, "POST", `${pathOf(kind, id)}/restore`, { body: { version } }),
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
