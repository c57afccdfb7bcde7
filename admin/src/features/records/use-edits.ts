/** The edits of a list's cells until they are saved together, in one commit, or none of them. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { keys } from "../../api/app-schema";
import { type Reply, request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { type Clash, clashesOf, countOf, type Edits, NO_EDITS, rebased, toBulk, withCell, withoutCell, withoutSaved, withRefusals } from "../../model/edits";
import { type Entity, idOf, type Row } from "../../model/schema";
import { storedRows } from "./stored-rows";

export interface ListEdits {
  edits: Edits;
  count: number;
  /** Fields that somebody else has changed since they were edited here. */
  clashes: Clash[];
  set: (row: Row, field: string, value: unknown) => void;
  drop: (id: string, field: string) => void;
  discard: () => void;
  /** Save all; answers whether everything is stored. `decided` are edits that stand against what others have stored. */
  save: (decided?: Edits) => Promise<boolean>;
  isSaving: boolean;
  error: Error | null;
}

class Clashing extends Error {}

const ATTEMPTS = 3;

/** Save edits upon the versions that they were held against. Where another one comes between, they are held against that. */
async function send(app: string, entity: Entity, wanted: Edits, tell: (stored: ReadonlyMap<string, Row>) => void): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const stored = await storedRows(app, entity, wanted);
    const rows = new Map([...stored].map(([id, { row }]) => [id, row]));
    tell(rows);
    if (clashesOf(wanted, rows).length > 0) throw new Clashing();
    try {
      await request(app, "PUT", `/${entity.name}/_bulk`, { body: toBulk(wanted, entity, (id) => stored.get(id)?.version) });
      return;
    } catch (error) {
      if (!isApiError(error, 412) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** `isFollowed` says whether a live stream tells the list what becomes of its rows; without, it is read anew after saving. */
export function useEdits(app: string, entity: Entity, listKey: readonly unknown[], shown: Row[], isFollowed: boolean): ListEdits {
  const client = useQueryClient();
  const [edits, setEdits] = useState<Edits>(NO_EDITS);
  const [found, setFound] = useState<ReadonlyMap<string, Row>>(new Map());
  const onScreen = shown.filter((row) => edits.has(idOf(entity, row))).map((row): [string, Row] => [idOf(entity, row), row]);
  const save = useMutation({
    mutationFn: (wanted: Edits) => send(app, entity, wanted, setFound),
    onSuccess: (_reply, wanted) => {
      client.setQueryData<Reply<Row[]>>(listKey, (list) => list && { ...list, data: list.data.map((row) => ({ ...row, ...wanted.get(idOf(entity, row))?.values })) });
      // The list itself stays as it is, with the rows that no longer belong to it; the live stream marks those.
      const isList = (key: readonly unknown[]) => isFollowed && JSON.stringify(key) === JSON.stringify(listKey);
      void client.invalidateQueries({ queryKey: keys.records(app, entity.name), predicate: (query) => !isList(query.queryKey) });
      setEdits((made) => withoutSaved(made, wanted));
      setFound(new Map());
    },
    onError: (error, wanted) => setEdits((made) => (isApiError(error) ? withRefusals(made, wanted, error.details) : made)),
    meta: { shown: true },
  });
  return {
    edits,
    count: countOf(edits),
    clashes: clashesOf(edits, new Map([...found, ...onScreen])),
    set: (row, field, value) => setEdits((before) => withCell(before, entity, row, field, value)),
    drop: (id, field) => setEdits((before) => withoutCell(before, id, field)),
    discard: () => {
      setEdits(NO_EDITS);
      save.reset();
    },
    save: async (decided) => {
      const wanted = decided ?? edits;
      if (decided) setEdits(decided);
      return wanted.size === 0 ? (setEdits(NO_EDITS), true) : save.mutateAsync(wanted).then(() => true, () => false);
    },
    isSaving: save.isPending,
    error: save.error instanceof Clashing ? null : save.error,
  };
}

/** The edits once what clashes is decided: those of `theirs` are dropped, the others stand upon what is stored now. */
export function decide(edits: Edits, clashes: Clash[], theirs: ReadonlySet<string>): Edits {
  const kept = clashes.filter((clash) => theirs.has(`${clash.id}/${clash.field}`)).reduce((left, clash) => withoutCell(left, clash.id, clash.field), edits);
  const now = new Map<string, Row>();
  for (const { id, field, theirs: value } of clashes) now.set(id, { ...now.get(id), [field]: value });
  return rebased(kept, now);
}
