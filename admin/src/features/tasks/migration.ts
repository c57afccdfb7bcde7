/** Moving running instances to another version of their workflow: what would happen, and doing it. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../../api/app-schema";
import { request } from "../../api/client";
import type { Definition } from "../../model/workflow";

export interface Migration {
  to_version: number;
  /** All that have another version, or these. */
  instance_ids?: string[];
  all?: true;
  /** Steps of now → steps of then. */
  mapping: Record<string, string>;
}

export interface Moved {
  instance_id: string | null;
  ok: boolean;
  step?: string | null;
  reason?: string;
}

export interface MigrationReply {
  results: Moved[];
  migrated: number;
  /** Whether there are more than one request moves. */
  more?: boolean;
}

const pathOf = (workflow: string) => `/_admin/workflows/${workflow}`;

/** The versions of a workflow, newest first. */
export const workflowVersionsQuery = (app: string, workflow: string) =>
  queryOptions({
    queryKey: [...keys.definitions(app, "workflows"), workflow, "versions"],
    queryFn: ({ signal }) => request<{ version: number; at: string }[]>(app, "GET", `${pathOf(workflow)}/versions`, { signal }).then((reply) => reply.data),
    meta: { shown: true },
  });

/** A workflow as it was in a version. */
export const workflowVersionQuery = (app: string, workflow: string, version: number) =>
  queryOptions({
    queryKey: [...keys.definitions(app, "workflows"), workflow, "version", version],
    queryFn: ({ signal }) => request<Definition>(app, "GET", pathOf(workflow), { query: { version: String(version) }, signal }).then((reply) => reply.data),
    staleTime: Infinity,
    meta: { shown: true },
  });

/** What a migration would do; nothing is changed. */
export const previewQuery = (app: string, workflow: string, migration: Migration) =>
  queryOptions({
    queryKey: [app, "migration", workflow, migration],
    queryFn: ({ signal }) => send(app, workflow, migration, true, signal),
    gcTime: 0,
    meta: { shown: true },
  });

export function useMigrate(app: string, workflow: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (migration: Migration) => send(app, workflow, migration, false),
    onSuccess: () => Promise.all(["instance", "listing"].map((part) => client.invalidateQueries({ queryKey: [app, part] }))),
    meta: { shown: true },
  });
}

function send(app: string, workflow: string, migration: Migration, isTrial: boolean, signal?: AbortSignal): Promise<MigrationReply> {
  const body = { ...migration, dry_run: isTrial };
  return request<MigrationReply>(app, "POST", `${pathOf(workflow)}/migrate`, { body, ...(signal ? { signal } : {}) }).then((reply) => reply.data);
}
