/** The edits of a record's form, and how they meet what others have saved meanwhile. */

import { useState } from "react";
import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { changed, merge, type Merge } from "../../model/changes";
import type { Entity, Row } from "../../model/schema";
import { recordPath, useSave } from "./queries";

interface Base {
  row: Row;
  etag: string | null;
}

interface Given {
  /** The record that is edited; a new one without. */
  id: string | undefined;
  row: Row | undefined;
  etag: string | null | undefined;
  preset: Row | undefined;
  onSaved: (row: Row) => void;
}

export interface RecordFormState {
  edited: Row;
  isDirty: boolean;
  isSaving: boolean;
  /** A refusal other than that somebody else was faster. */
  refused: Error | null;
  /** Whether somebody else has saved the record since these edits began. They stay, and are merged when they are saved. */
  isBehind: boolean;
  /** Fields that somebody else and this form have both changed. */
  conflict: Merge | undefined;
  set: (field: string, value: unknown) => void;
  discard: () => void;
  submit: () => Promise<void>;
  /** Save with the values that were chosen for the fields in conflict. */
  resolve: (chosen: Row) => Promise<void>;
}

export function useRecordForm(app: string, entity: Entity, { id, row, etag, preset, onSaved }: Given): RecordFormState {
  const [base, setBase] = useState<Base>({ row: row ?? defaultsOf(entity), etag: etag ?? null });
  const [edited, setEdited] = useState<Row>({ ...base.row, ...preset });
  const [conflict, setConflict] = useState<{ merge: Merge; theirs: Base }>();
  const save = useSave(app, entity);
  const isDirty = Object.keys(changed(base.row, edited)).length > 0;
  // Another version has come meanwhile (saved here, or by somebody else): a form without edits shows it.
  if (row && etag && etag !== base.etag && !isDirty) {
    setBase({ row, etag });
    setEdited(row);
  }
  const send = async (values: Row, against: Base): Promise<void> => {
    try {
      const reply = await save.mutateAsync({ ...(id === undefined ? {} : { id }), values, etag: against.etag });
      setBase({ row: reply.data, etag: reply.etag });
      setEdited(reply.data);
      setConflict(undefined);
      onSaved(reply.data);
    } catch (error) {
      if (id !== undefined && isApiError(error, 412)) await meet(id);
    }
  };
  const meet = async (record: string) => {
    const reply = await request<Row>(app, "GET", recordPath(entity, record));
    const theirs = { row: reply.data, etag: reply.etag };
    const merged = merge(base.row, edited, theirs.row);
    if (merged.conflicts.length === 0) await send(changed(theirs.row, merged.merged), theirs);
    else setConflict({ merge: merged, theirs });
  };
  return {
    edited,
    isDirty,
    isBehind: isDirty && !!etag && etag !== base.etag,
    isSaving: save.isPending,
    refused: save.error && !isApiError(save.error, 412) ? save.error : null,
    conflict: conflict?.merge,
    set: (field, value) => setEdited((current) => ({ ...current, [field]: value })),
    discard: () => setEdited(base.row),
    submit: () => send(id === undefined ? given(edited) : changed(base.row, edited), base),
    resolve: async (chosen) => {
      if (conflict) await send(changed(conflict.theirs.row, { ...conflict.merge.merged, ...chosen }), conflict.theirs);
    },
  };
}

function defaultsOf(entity: Entity): Row {
  const preset = entity.fields.filter((field) => field.create && field.default !== null);
  return Object.fromEntries(preset.map((field) => [field.name, field.default]));
}

/** What a new record sends: the fields that have a value, so that the server's defaults hold for the rest. */
function given(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined));
}
