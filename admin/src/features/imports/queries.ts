/** What the import screens ask: previews, jobs and their refused rows, saved mappings. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/client";
import { upload } from "../../api/upload";
import { headOf } from "./head-of";

export interface PreviewRow {
  row: number;
  values: Record<string, unknown>;
  problem?: string;
}

export interface Preview {
  filename: string;
  size: number;
  format: string;
  delimiter: string | null;
  encoding: string | null;
  header: boolean;
  sheets?: string[];
  columns: string[];
  rows: PreviewRow[];
}

export interface Effects {
  workflows?: Record<string, number>;
  webhooks?: Record<string, number>;
  notifications?: Record<string, number>;
}

export interface ImportJob {
  id: string;
  kind: "import" | "undo";
  entity: string;
  status: "queued" | "running" | "done" | "failed" | "cancelled";
  dry_run: boolean;
  filename: string | null;
  columns: string[] | null;
  mapping: Record<string, unknown> | null;
  key: string | null;
  empty: string | null;
  decimal?: string | null;
  dates?: string | null;
  timezone?: string | null;
  /** All rows of the file; null until it was read through. */
  rows: number | null;
  done: number;
  created: number;
  updated: number;
  refused: number;
  owner: { id: string; email: string } | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: { code: string; message: string; details?: { message: string }[] } | null;
  effects: Effects | null;
  undone: number;
  undo_id: string | null;
  undoes: string | null;
}

export interface RefusedRow {
  row: number;
  reasons: { field?: string; message: string }[];
  values: Record<string, unknown>;
}

const POLL_MS = 1_000;
export const REFUSED_SHOWN = 50;

export function isActive(job: ImportJob | undefined): boolean {
  return job !== undefined && (job.status === "queued" || job.status === "running");
}

const jobKeys = (app: string, entity: string) => [app, "imports", entity] as const;

export const jobsQuery = (app: string, entity: string) =>
  queryOptions({
    queryKey: [...jobKeys(app, entity), "list"],
    queryFn: ({ signal }) => request<ImportJob[]>(app, "GET", `/${entity}/_imports`, { signal, query: { per_page: "25" } }).then((reply) => reply.data),
    refetchInterval: ({ state }) => (state.data?.some(isActive) ? POLL_MS : false),
  });

export const jobQuery = (app: string, entity: string, id: string) =>
  queryOptions({
    queryKey: [...jobKeys(app, entity), "job", id],
    queryFn: ({ signal }) => request<ImportJob>(app, "GET", `/${entity}/_imports/${id}`, { signal }).then((reply) => reply.data),
    refetchInterval: ({ state }) => (isActive(state.data) ? POLL_MS : false),
  });

export const refusedQuery = (app: string, job: ImportJob) =>
  queryOptions({
    queryKey: [...jobKeys(app, job.entity), "refused", job.id, job.refused],
    queryFn: ({ signal }) => request<RefusedRow[]>(app, "GET", `/${job.entity}/_imports/${job.id}/errors`, { signal, query: { format: "json", per_page: String(REFUSED_SHOWN) } }).then((reply) => reply.data),
  });

/** The columns and first rows of a file, as the import itself would read them. Of long texts only the head is sent. */
export const previewQuery = (app: string, entity: string, file: File, reading: Record<string, string>) =>
  queryOptions({
    queryKey: [...jobKeys(app, entity), "preview", file.name, file.size, file.lastModified, reading],
    queryFn: async ({ signal }) => {
      const form = new FormData();
      form.append("file", await headOf(file), file.name);
      return (await upload<Preview>(app, `/${entity}/_import`, form, { query: { ...reading, preview: "true" }, signal })).data;
    },
    retry: false,
    gcTime: 0,
  });

/** The options of a job for rows that it has refused, sent anew as JSON: they are read as its file was. */
export function optionsOf(job: ImportJob): Record<string, string> {
  const { key, empty, decimal, dates, timezone } = job;
  const given = Object.entries({ key, empty, decimal, dates, timezone }).filter((option): option is [string, string] => typeof option[1] === "string");
  return { format: "json", mapping: JSON.stringify(job.mapping ?? {}), ...Object.fromEntries(given) };
}

interface Start {
  file: File;
  options: Record<string, string>;
  onProgress?: (part: number) => void;
}

/** Hand a file over as a job. The screen shows its refusals, so they are not shown again. */
export function useStartImport(app: string, entity: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, options, onProgress }: Start) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(options)) form.append(name, value);
      form.append("file", file, file.name);
      return (await upload<ImportJob>(app, `/${entity}/_import`, form, onProgress ? { onProgress } : {})).data;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: [...jobKeys(app, entity), "list"] }),
    meta: { shown: true },
  });
}

/** Cancel, resume or undo a job. Answers the job, for an undo that of the undo. */
export function useActOnJob(app: string, job: ImportJob) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: "cancel" | "resume" | "undo") => request<ImportJob>(app, "POST", `/${job.entity}/_imports/${job.id}/${act}`).then((reply) => reply.data),
    onSettled: () => client.invalidateQueries({ queryKey: jobKeys(app, job.entity) }),
  });
}
