import { Alert, Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ApiError, isApiError } from "../../../api/errors";
import { changed, merge, type Merge } from "../../../model/changes";
import { type Entity, type Field, type Row } from "../../../model/schema";
import { request } from "../../../api/client";
import { hintOf, messageOf } from "../../../ui/errors";
import { recordPath, useSave } from "../queries";
import { ConflictTable } from "./conflict-table";
import { FieldInput } from "./field-input";

interface Props {
  app: string;
  entity: Entity;
  /** The record that is edited; a new one without. */
  id?: string;
  row?: Row;
  etag?: string | null;
  /** Whether it only shows, as for the past. */
  readOnly?: boolean;
  onSaved: (row: Row) => void;
}

interface Base {
  row: Row;
  etag: string | null;
}

/**
 * The form of a record. It sends the fields that were changed, and only against the version that it shows: where somebody
 * else was faster, their edits and these are merged, and fields that both changed are asked about.
 */
export function RecordForm({ app, entity, id, row, etag, readOnly = false, onSaved }: Props) {
  const { t } = useTranslation();
  const [base, setBase] = useState<Base>({ row: row ?? defaultsOf(entity), etag: etag ?? null });
  const [edited, setEdited] = useState<Row>(base.row);
  const [conflict, setConflict] = useState<{ merge: Merge; theirs: Base }>();
  const save = useSave(app, entity);
  const fields = entity.fields.filter((field) => (id === undefined ? field.create : field.read || field.update));
  const edits = id === undefined ? given(edited) : changed(base.row, edited);
  const isDirty = Object.keys(changed(base.row, edited)).length > 0;
  // Another version has come meanwhile (saved here, or by somebody else): a form without edits shows it.
  if (row && etag && etag !== base.etag && !isDirty) {
    setBase({ row, etag });
    setEdited(row);
  }
  const submit = async (values: Row, against: Base) => {
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
    if (merged.conflicts.length === 0) await submit(changed(theirs.row, merged.merged), theirs);
    else setConflict({ merge: merged, theirs });
  };
  const refused = save.error && !isApiError(save.error, 412) ? save.error : null;
  const byField = isApiError(refused) ? refused.byField : {};
  return (
    <form
      aria-label={t("record.form")}
      onSubmit={(event) => {
        event.preventDefault();
        void submit(edits, base);
      }}
    >
      <Stack gap="sm">
        {refused && <Refusal error={refused} fields={fields} />}
        {conflict && (
          <ConflictTable
            conflicts={conflict.merge.conflicts}
            onResolve={(chosen) => void submit(changed(conflict.theirs.row, { ...conflict.merge.merged, ...chosen }), conflict.theirs)}
          />
        )}
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" verticalSpacing="sm">
          {fields.map((field) => (
            <FieldInput
              key={field.name}
              app={app}
              entity={entity}
              field={field}
              value={edited[field.name]}
              error={byField[field.name]}
              disabled={readOnly || (id === undefined ? !field.create : !field.update)}
              onChange={(value) => setEdited((current) => ({ ...current, [field.name]: value }))}
            />
          ))}
        </SimpleGrid>
        {!readOnly && (id === undefined || entity.actions.includes("update")) && (
          <Group gap="xs">
            <Button type="submit" size="sm" loading={save.isPending} disabled={id !== undefined && !isDirty}>
              {t("action.save")}
            </Button>
            {isDirty && id !== undefined && (
              <Button variant="default" size="sm" onClick={() => setEdited(base.row)}>
                {t("action.discard")}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </form>
  );
}

/** What was refused, beside what stands at the fields. */
function Refusal({ error, fields }: { error: ApiError | Error; fields: Field[] }) {
  const shown = new Set(fields.map((field) => field.name));
  const elsewhere = isApiError(error) && error.details.every((detail) => detail.field && shown.has(detail.field));
  return (
    <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
      {elsewhere ? "" : hintOf(error)}
    </Alert>
  );
}

function defaultsOf(entity: Entity): Row {
  const preset = entity.fields.filter((field) => field.create && field.default !== null);
  return Object.fromEntries(preset.map((field) => [field.name, field.default]));
}

/** What a new record sends: the fields that have a value, so that the server's defaults hold for the rest. */
function given(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined));
}
