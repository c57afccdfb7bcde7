/** Changing and deleting many records: those of a selection, or all that match a filter, if they are as many as was said. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/client";
import { type ListState, toQuery } from "../../model/filter";
import type { Entity, Row } from "../../model/schema";
import { recordPath } from "./queries";

/** What a bulk act reaches. */
export type Reach = { ids: string[] } | { state: ListState; expected: number };

export type BulkAct = { act: "delete" } | { act: "restore" } | { act: "set"; values: Row };

export interface Outcome {
  done: number;
  /** Records that could not be restored, with the reason. */
  failed: { id: string; error: Error }[];
}

export function useBulk(app: string, entity: Entity) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ act, reach }: { act: BulkAct; reach: Reach }) => run(app, entity, act, reach),
    onSettled: () => client.invalidateQueries({ queryKey: [app, "records"] }),
    meta: { shown: true },
  });
}

async function run(app: string, entity: Entity, act: BulkAct, reach: Reach): Promise<Outcome> {
  const path = `/${entity.name}/_bulk`;
  if (act.act === "restore") return restore(app, entity, "ids" in reach ? reach.ids : []);
  if ("state" in reach) {
    const query = toQuery(reach.state);
    query.delete("sort");
    query.set("expect", String(reach.expected));
    const reply = await request<Counts>(app, act.act === "set" ? "PUT" : "DELETE", path, act.act === "set" ? { query, body: { set: act.values } } : { query });
    return { done: counted(reply.data), failed: [] };
  }
  const body = act.act === "set" ? reach.ids.map((id) => ({ ...keyOf(entity, id), ...act.values })) : reach.ids;
  const reply = await request<Counts>(app, act.act === "set" ? "PUT" : "DELETE", path, { body });
  return { done: counted(reply.data), failed: [] };
}

type Counts = { updated?: number; deleted?: number };

function counted(counts: Counts): number {
  return counts.updated ?? counts.deleted ?? 0;
}

/** Restores one by one, as each may be refused for reasons of its own. */
async function restore(app: string, entity: Entity, ids: string[]): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failed: [] };
  for (const id of ids) {
    try {
      await request(app, "POST", `${recordPath(entity, id)}/restore`);
      outcome.done += 1;
    } catch (error) {
      outcome.failed.push({ id, error: error as Error });
    }
  }
  return outcome;
}

function keyOf(entity: Entity, id: string): Row {
  const names = entity.primary_key.fields;
  const parts = names.length === 1 ? [id] : id.split(",");
  return Object.fromEntries(names.map((name, index) => [name, parts[index]]));
}
