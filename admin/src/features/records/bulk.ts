/** Acts on many records: those of a selection, or all that match a filter, if they are as many as was said. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/client";
import { type ListState, toQuery } from "../../model/filter";
import type { Entity, Row } from "../../model/schema";

/** What a bulk act reaches. */
export type Reach = { ids: string[] } | { state: ListState; expected: number };

export type BulkAct = { act: "delete" } | { act: "restore" } | { act: "set"; values: Row };

/** Records that one bulk act reaches at most. */
export const MAX_BULK = 10_000;

const REQUESTS = { set: ["PUT", "_bulk"], delete: ["DELETE", "_bulk"], restore: ["POST", "_bulk/restore"] } as const;

export function useBulk(app: string, entity: Entity) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ act, reach }: { act: BulkAct; reach: Reach }) => run(app, entity, act, reach),
    onSettled: () => client.invalidateQueries({ queryKey: [app, "records"] }),
    meta: { shown: true },
  });
}

/** Answers how many records the server says it has written: all, or none and an error. */
async function run(app: string, entity: Entity, act: BulkAct, reach: Reach): Promise<number> {
  const [method, path] = REQUESTS[act.act];
  const options = "state" in reach ? { query: filterOf(reach.state, reach.expected), ...(act.act === "set" ? { body: { set: act.values } } : {}) } : { body: bodyOf(entity, act, reach.ids) };
  const { data } = await request<{ updated?: number; deleted?: number; restored?: number }>(app, method, `/${entity.name}/${path}`, options);
  return data.updated ?? data.deleted ?? data.restored ?? 0;
}

function filterOf(state: ListState, expected: number): URLSearchParams {
  const query = toQuery(state);
  query.delete("sort");
  query.set("expect", String(expected));
  return query;
}

function bodyOf(entity: Entity, act: BulkAct, ids: string[]): unknown[] {
  return act.act === "set" ? ids.map((id) => ({ ...keyOf(entity, id), ...act.values })) : ids;
}

function keyOf(entity: Entity, id: string): Row {
  const names = entity.primary_key.fields;
  const parts = names.length === 1 ? [id] : id.split(",");
  return Object.fromEntries(names.map((name, index) => [name, parts[index]]));
}
