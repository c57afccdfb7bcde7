import { Alert, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "../../../words/translator";
import { isApiError } from "../../../api/errors";
import type { Entity, Field, Row } from "../../../model/schema";
import { hintOf, messageOf } from "../../../ui/errors";
import { LeaveGuard } from "../../../ui/leave-guard";
import { useRecordForm } from "../use-record-form";
import { ConflictTable } from "./conflict-table";
import { FieldInput } from "./field-input";
import { FieldValue, fixedBecause } from "./field-value";

interface Props {
  app: string;
  entity: Entity;
  /** The record that is edited; a new one without. */
  id?: string;
  row?: Row;
  etag?: string | null;
  /** What a new record begins with, besides the defaults of its fields. */
  preset?: Row;
  label?: string;
  /** Whether it only shows, as for the past. */
  readOnly?: boolean;
  onSaved: (row: Row) => void;
}

/**
 * The form of a record. It sends the fields that were changed, and only against the version that it shows: where somebody
 * else was faster, their edits and these are merged, and fields that both changed are asked about.
 */
export function RecordForm({ app, entity, id, row, etag, preset, label, readOnly = false, onSaved }: Props) {
  const { t } = useTranslation();
  const isNew = id === undefined;
  const form = useRecordForm(app, entity, { id, row, etag, preset, onSaved });
  const fields = entity.fields.filter((field) => (isNew ? field.create : field.read || field.update));
  const byField = isApiError(form.refused) ? form.refused.byField : {};
  return (
    <form
      aria-label={label ?? t("record.form")}
      onSubmit={(event) => {
        event.preventDefault();
        // In React, a form in a dialog is inside the form that has opened it, though not on the screen.
        event.stopPropagation();
        void form.submit();
      }}
    >
      <LeaveGuard when={form.isDirty && !readOnly} what={t("leave.form")} />
      <Stack gap="sm">
        {form.refused && <Refusal error={form.refused} fields={fields} />}
        {form.isBehind && !form.conflict && (
          <Alert color="blue" role="status">
            {t("record.behind")}
          </Alert>
        )}
        {form.conflict && <ConflictTable conflicts={form.conflict.conflicts} onResolve={(chosen) => void form.resolve(chosen)} />}
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" verticalSpacing="sm">
          {fields.map((field) => {
            const because = fixedBecause(entity, field, isNew);
            const value = form.edited[field.name];
            if (because) return <FieldValue key={field.name} field={field} value={value} because={because} />;
            const input = <FieldInput key={field.name} {...{ app, entity, field, value }} error={byField[field.name]} disabled={readOnly} onChange={(next) => form.set(field.name, next)} />;
            return isNew || field.read ? input : <Unseen key={field.name}>{input}</Unseen>;
          })}
        </SimpleGrid>
        {!readOnly && (isNew || entity.actions.includes("update")) && (
          <Group gap="xs">
            <Button type="submit" size="sm" loading={form.isSaving} disabled={!isNew && !form.isDirty}>
              {t("action.save")}
            </Button>
            {form.isDirty && !isNew && (
              <Button variant="default" size="sm" onClick={form.discard}>
                {t("action.discard")}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </form>
  );
}

/** A field that may be set though not seen: empty here, it need not be empty. */
function Unseen({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div>
      {children}
      <Text size="xs" c="dimmed" mt={2}>
        {t("field.unseen")}
      </Text>
    </div>
  );
}

/** What was refused, beside what stands at the fields. */
function Refusal({ error, fields }: { error: Error; fields: Field[] }) {
  const shown = new Set(fields.map((field) => field.name));
  const elsewhere = isApiError(error) && error.details.every((detail) => detail.field && shown.has(detail.field));
  return (
    <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
      {elsewhere ? "" : hintOf(error)}
    </Alert>
  );
}
