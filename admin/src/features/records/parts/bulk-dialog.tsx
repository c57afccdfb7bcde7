import { Alert, Button, Group, List, Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ApiError, isApiError } from "../../../api/errors";
import type { Entity, Field, Row } from "../../../model/schema";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { type BulkAct, type Outcome, type Reach, useBulk } from "../bulk";
import { FieldInput } from "./field-input";

export type BulkKind = "set" | "delete" | "restore";

interface Props {
  app: string;
  entity: Entity;
  kind: BulkKind;
  reach: Reach;
  count: number;
  labels: ReadonlyMap<string, string>;
  onClose: () => void;
  onDone: () => void;
  /** Count anew what the filter matches. */
  recount: () => void;
}

/** Asks before many records are changed, and says how many; what is refused is listed by record. */
export function BulkDialog({ app, entity, kind, reach, count, labels, onClose, onDone, recount }: Props) {
  const { t } = useTranslation();
  const [values, setValues] = useState<Row>({});
  const bulk = useBulk(app, entity);
  const act: BulkAct = kind === "set" ? { act: "set", values } : { act: kind };
  const finish = ({ done, failed }: Outcome) => {
    showDone(t(DONE[kind], { count: done }));
    if (failed.length > 0) return;
    onDone();
    onClose();
  };
  const submit = () => bulk.mutate({ act, reach }, { onSuccess: finish, onError: (error) => isApiError(error, 409) && recount() });
  return (
    <Modal opened onClose={onClose} title={t(TITLES[kind], { count })} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack>
          {kind === "delete" && <Text size="sm">{t(entity.soft_delete ? "records.deleteSoft" : "records.deleteHard")}</Text>}
          {kind === "set" && <Values {...{ app, entity, values }} onChange={setValues} />}
          {bulk.error && <Refused error={bulk.error} reach={reach} labels={labels} />}
          {bulk.data && bulk.data.failed.length > 0 && (
            <Alert color="red" role="alert" title={t("bulk.notAll")}>
              <List size="sm">
                {bulk.data.failed.map(({ id, error }) => (
                  <List.Item key={id}>{`${labels.get(id) ?? id}: ${messageOf(error)}`}</List.Item>
                ))}
              </List>
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" {...(kind === "delete" ? { color: "red" } : {})} loading={bulk.isPending} disabled={kind === "set" && Object.keys(values).length === 0}>
              {t(kind === "delete" ? "action.delete" : kind === "set" ? "bulk.change" : "bulk.restore", { count })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const TITLES = { set: "bulk.setTitle", delete: "records.deleteTitle", restore: "bulk.restoreTitle" };
const DONE = { set: "bulk.changed", delete: "records.deleted", restore: "bulk.restored" };

/** The fields that all of them get, and their values. */
function Values({ app, entity, values, onChange }: Pick<Props, "app" | "entity"> & { values: Row; onChange: (values: Row) => void }) {
  const { t } = useTranslation();
  const fields = entity.fields.filter((field) => field.update && !field.unique && !field.computed && field.type !== "file");
  const left = fields.filter((field) => !(field.name in values));
  const choose = (name: string | null) => name && onChange({ ...values, [name]: null });
  return (
    <>
      {fields
        .filter((field: Field) => field.name in values)
        .map((field) => (
          <FieldInput key={field.name} {...{ app, entity, field }} value={values[field.name]} error={undefined} disabled={false} onChange={(value) => onChange({ ...values, [field.name]: value })} />
        ))}
      <Select label={t("bulk.field")} searchable data={left.map((field) => field.name)} value={null} onChange={choose} comboboxProps={{ withinPortal: true }} />
    </>
  );
}

function Refused({ error, reach, labels }: { error: ApiError | Error; reach: Reach; labels: ReadonlyMap<string, string> }) {
  const { t } = useTranslation();
  const details = isApiError(error) ? error.details : [];
  const named = "ids" in reach ? details.filter((detail) => detail.index !== undefined) : [];
  return (
    <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
      <Text size="sm">{t("bulk.nothingDone")}</Text>
      {named.length > 0 && "ids" in reach ? (
        <List size="sm">
          {named.map((detail) => {
            const id = reach.ids[detail.index!] ?? "";
            return <List.Item key={`${id}/${detail.field}`}>{`${labels.get(id) ?? id}: ${detail.field ? `${detail.field}: ` : ""}${detail.message}`}</List.Item>;
          })}
        </List>
      ) : (
        hintOf(error)
      )}
    </Alert>
  );
}
