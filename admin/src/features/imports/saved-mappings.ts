/** Mappings that people keep for files that come again. They are saved views of their own kind, which follow renames of fields. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/client";
import type { Mapping } from "../../model/import-mapping";

export interface ImportSettings {
  mapping: Mapping;
  key: string | null;
  empty: "skip" | "null";
  decimal: "." | ",";
  dates: "iso" | "dmy" | "mdy";
}

interface MappingView {
  id: string;
  name: string;
  state: { kind?: string; columns?: { column: string; target: Mapping[string] }[]; settings?: Omit<ImportSettings, "mapping"> };
}

export interface SavedMapping {
  id: string;
  name: string;
  settings: ImportSettings;
}

const KIND = "import";

export const mappingsQuery = (app: string, entity: string) =>
  queryOptions({
    queryKey: [app, "imports", entity, "mappings"],
    queryFn: async ({ signal }) => {
      const { data } = await request<MappingView[]>(app, "GET", "/_views", { signal, query: { entity } });
      return data.filter((view) => view.state.kind === KIND).map(read);
    },
  });

export function useSaveMapping(app: string, entity: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, settings, replaced }: { name: string; settings: ImportSettings; replaced: string | undefined }) => {
      const { mapping, ...rest } = settings;
      const state = { kind: KIND, columns: Object.entries(mapping).map(([column, target]) => ({ column, target })), settings: rest };
      const body = { entity, name, state, scope: "me" };
      return replaced ? request(app, "PUT", `/_views/${replaced}`, { body }) : request(app, "POST", "/_views", { body });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: [app, "imports", entity, "mappings"] }),
  });
}

export function useDeleteMapping(app: string, entity: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request(app, "DELETE", `/_views/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: [app, "imports", entity, "mappings"] }),
  });
}

/** The saved mapping that was made for a file with just these columns. */
export function fitting(saved: readonly SavedMapping[], columns: readonly string[]): SavedMapping | undefined {
  const wanted = [...columns].sort().join("\n");
  return saved.find((each) => Object.keys(each.settings.mapping).sort().join("\n") === wanted);
}

function read({ id, name, state }: MappingView): SavedMapping {
  const mapping = Object.fromEntries((state.columns ?? []).map(({ column, target }) => [column, target]));
  const { key = null, empty = "skip", decimal = ".", dates = "iso" } = state.settings ?? {};
  return { id, name, settings: { mapping, key, empty, decimal, dates } };
}
