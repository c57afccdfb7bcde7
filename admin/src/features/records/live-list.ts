/** A list that follows the changes of its records: changed rows are shown as they are, new ones are told of. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { keys } from "../../api/app-schema";
import type { Reply } from "../../api/client";
import { type LiveChange, useLive } from "../../api/live";
import { type ListState, toQuery } from "../../model/filter";
import { type Entity, type Row, idOf } from "../../model/schema";
import { recordsQuery } from "./queries";

const FRESH_MS = 4_000;

type Marks = ReadonlyMap<string, "fresh" | "left">;
type Shown = Reply<Row[]>;

export interface LiveList {
  /** How many records have come into the list that it does not show yet. */
  entered: number;
  /** Read the list anew, with what has come. */
  show: () => void;
  markOf: (id: string) => "fresh" | "left" | undefined;
}

export function useLiveList(app: string, entity: Entity, state: ListState, enabled: boolean): LiveList {
  const client = useQueryClient();
  const [entered, setEntered] = useState<ReadonlySet<string>>(new Set());
  const [marks, setMarks] = useState<Marks>(new Map());
  const { queryKey } = recordsQuery(app, entity, state);
  const list = JSON.stringify(queryKey);
  const query = toQuery(state);
  query.delete("sort");
  useEffect(() => {
    setEntered(new Set());
    setMarks(new Map());
  }, [list]);
  const follow = (changes: LiveChange[]) => {
    const own = changes.filter((change) => change.entity === entity.name);
    const known = new Set(client.getQueryData<Shown>(queryKey)?.data.map((row) => idOf(entity, row)));
    const fresh = own.filter((change) => known.has(change.id));
    client.setQueryData<Shown>(queryKey, (data) => data && patched(data, entity, own));
    setEntered((before) => new Set([...before, ...own.filter((change) => change.change !== "left" && !known.has(change.id)).map((change) => change.id)]));
    setMarks((before) => new Map([...before, ...fresh.map((change): [string, "fresh" | "left"] => [change.id, change.change === "left" ? "left" : "fresh"])]));
    setTimeout(() => setMarks((before) => new Map([...before].filter(([id, mark]) => mark === "left" || !fresh.some((change) => change.id === id)))), FRESH_MS);
    void client.invalidateQueries({ queryKey: [...keys.records(app, entity.name), "count"] });
  };
  useLive(app, entity.name, query, enabled && !state.trash && !state.q, follow, {
    key: entity.primary_key.fields.length === 1 ? entity.primary_key.fields[0] : undefined,
    onGap: () => void client.invalidateQueries({ queryKey }),
  });
  return {
    entered: entered.size,
    show: () => {
      setEntered(new Set());
      setMarks(new Map());
      void client.invalidateQueries({ queryKey });
    },
    markOf: (id) => marks.get(id),
  };
}

/** The rows with the changed records in their places. What a record refers to stays as it was read. */
function patched(shown: Shown, entity: Entity, changes: LiveChange[]): Shown {
  const records = new Map(changes.flatMap((change) => (change.record ? [[change.id, change.record] as const] : [])));
  if (records.size === 0) return shown;
  return { ...shown, data: shown.data.map((row) => ({ ...row, ...records.get(idOf(entity, row)) })) };
}

/** Reads a record anew when somebody changes it. Its form keeps the edits that it has. */
export function useFollowedRecord(app: string, entity: Entity, row: Row | undefined, enabled: boolean): void {
  const client = useQueryClient();
  const id = row && idOf(entity, row);
  const reread = () => void client.invalidateQueries({ queryKey: keys.records(app, entity.name) });
  const follow = (changes: LiveChange[]) => changes.some((change) => change.id === id) && reread();
  useLive(app, entity.name, new URLSearchParams(), enabled && row !== undefined, follow, { onGap: reread });
}
