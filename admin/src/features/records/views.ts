/** The saved views of an entity's list, and what can be done with them. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { request } from "../../api/client";
import type { ListState } from "../../model/filter";
import { defaultOf, isPlain, openedBy, type SavedView } from "../../model/views";

/** Whether a saved view is one of the list: those of another kind keep what other screens need. */
const isOfList = (view: SavedView) => !("kind" in view.state);
const FRESH_MS = 60_000;

export const viewsQuery = (app: string, entity: string) =>
  queryOptions({
    queryKey: [app, "views", entity],
    queryFn: ({ signal }) => request<SavedView[]>(app, "GET", "/_views", { signal, query: { entity } }).then((reply) => reply.data.filter(isOfList)),
    staleTime: FRESH_MS,
    retry: false,
  });

/** Opens the default view of a list that was asked for nothing else. Answers whether the list may be read already. */
export function useDefaultView(app: string, entity: string, state: ListState, open: (state: ListState) => void): boolean {
  const views = useQuery(viewsQuery(app, entity));
  const chosen = isPlain(state) && views.data ? defaultOf(views.data) : undefined;
  useEffect(() => {
    if (chosen) open(openedBy(chosen));
  });
  return !isPlain(state) || (!views.isPending && chosen === undefined);
}

export type ViewChange = { act: "create"; view: Pick<SavedView, "name" | "scope" | "state"> } | { act: "change"; id: string; part: Partial<SavedView> } | { act: "delete"; id: string };

export function useChangeView(app: string, entity: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (change: ViewChange): Promise<SavedView | undefined> => {
      if (change.act === "create") return (await request<SavedView>(app, "POST", "/_views", { body: { entity, ...change.view } })).data;
      if (change.act === "change") return (await request<SavedView>(app, "PATCH", `/_views/${change.id}`, { body: change.part })).data;
      await request(app, "DELETE", `/_views/${change.id}`);
      return undefined;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: [app, "views", entity] }),
  });
}

/** Make a view the default of its scope; the one that was it no longer is. */
export function useMakeDefault(app: string, entity: string) {
  const change = useChangeView(app, entity);
  return async (view: SavedView, all: readonly SavedView[], isDefault: boolean) => {
    const others = all.filter((each) => each.scope === view.scope && each.id !== view.id && each.state.default);
    for (const other of others) await change.mutateAsync({ act: "change", id: other.id, part: { state: { ...other.state, default: false } } });
    await change.mutateAsync({ act: "change", id: view.id, part: { state: { ...view.state, default: isDefault } } });
  };
}
