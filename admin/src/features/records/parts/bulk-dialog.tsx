import { Alert, Button, Group, List, Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { type ApiError, isApiError } from "../../../api/errors";
import type { Entity, Field, Row } from "../../../model/schema";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { type BulkAct, MAX_BULK, type Reach, useBulk } from "../bulk";
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
  const finish = (done: number) => {
    showDone(t(DONE[kind], { count: done }));
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
          {count > MAX_BULK && <Alert color="orange">{t("bulk.tooMany", { number: MAX_BULK.toLocaleString() })}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" {...(kind === "delete" ? { color: "red" } : {})} loading={bulk.isPending} disabled={count > MAX_BULK || (kind === "set" && Object.keys(values).length === 0)}>
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
  const matching = details.find((detail) => detail.count !== undefined)?.count;
  const idOfDetail = (index: number | undefined) => ("ids" in reach && index !== undefined ? reach.ids[index] : undefined);
  const named = details.map((detail) => ({ ...detail, id: detail.id ?? idOfDetail(detail.index) })).filter((detail) => detail.id !== undefined);
  return (
    <Alert color="red" role="alert" title={matching === undefined ? messageOf(error) : t("bulk.otherCount", { count: matching })} style={{ whiteSpace: "pre-line" }}>
      <Text size="sm">{t("bulk.nothingDone")}</Text>
      {named.length > 0 && (
        <List size="sm">
          {named.map(({ id, field, message }) => (
            <List.Item key={`${id}/${field}/${message}`}>{`${labels.get(id!) ?? id}: ${field ? `${field}: ` : ""}${message}`}</List.Item>
          ))}
        </List>
      )}
      {named.length === 0 && matching === undefined && hintOf(error)}
    </Alert>
  );
}
