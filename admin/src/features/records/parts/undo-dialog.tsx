import { Alert, Button, Checkbox, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import type { Entity, Row } from "../../../model/schema";
import { type FieldUndo, undoPlan } from "../../../model/undo";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { useNames } from "../names";
import { othersOfCommitQuery, useSave, useUndo, type Version } from "../queries";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  etag: string | null;
  versions: Version[];
  version: Version;
  onClose: () => void;
}

/**
 * What an undo would do, and what stands against it. A commit is taken back as a whole while nothing has come since; later,
 * the fields can still be set back, except that those which were changed again have to be chosen.
 */
export function UndoDialog({ app, entity, id, row, etag, versions, version, onClose }: Props) {
  const { t } = useTranslation();
  const automatic = new Set(entity.fields.filter((field) => field.auto).map((field) => field.name));
  const plan = undoPlan(versions, version.version, row);
  const fields = plan.fields.filter(({ field }) => !automatic.has(field));
  const isWhole = plan.since === 0;
  const settable = new Set(entity.fields.filter((field) => field.update && !field.computed).map((field) => field.name));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(fields.filter(({ field, later }) => !later && settable.has(field)).map(({ field }) => field)));
  const others = useQuery({ ...othersOfCommitQuery(app, version.commit_id, entity.name, id), enabled: isWhole });
  const undo = useUndo(app);
  const save = useSave(app, entity);
  const error = undo.error ?? save.error;
  const submit = async () => {
    const values = Object.fromEntries(fields.filter(({ field }) => chosen.has(field)).map(({ field, before }) => [field, before ?? null]));
    await (isWhole ? undo.mutateAsync(version.commit_id) : save.mutateAsync({ id, values, etag }));
    showDone(t("history.undone"));
    onClose();
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={t("undo.title", { when: timestampCell(version.at) })} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        {!isWhole && <Alert color="orange">{t("undo.since", { count: plan.since })}</Alert>}
        {error && (
          <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
            {hintOf(error)}
          </Alert>
        )}
        {fields.length > 0 ? (
          <Fields {...{ app, entity, fields, chosen, settable, isWhole }} onChoose={setChosen} />
        ) : (
          <Text size="sm">{t(version.action === "update" ? "undo.nothing" : `undo.${version.action}`)}</Text>
        )}
        {(others.data?.length ?? 0) > 0 && <Text size="sm">{t("undo.others", { count: others.data!.length, entities: [...new Set(others.data!.map((each) => each.entity))].join(", ") })}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button loading={undo.isPending || save.isPending} disabled={!isWhole && chosen.size === 0} onClick={() => void submit().catch(() => undefined)}>
            {t(isWhole ? "history.undo" : "undo.set", { count: chosen.size })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface FieldsProps extends Pick<Props, "app" | "entity"> {
  fields: FieldUndo[];
  chosen: ReadonlySet<string>;
  settable: ReadonlySet<string>;
  isWhole: boolean;
  onChoose: (chosen: ReadonlySet<string>) => void;
}

function Fields({ app, entity, fields, chosen, settable, isWhole, onChoose }: FieldsProps) {
  const { t } = useTranslation();
  const say = useNames(app, entity, fields.flatMap(({ field, now, before }) => [{ field, value: now }, { field, value: before }]));
  const toggle = (field: string, isChosen: boolean) => onChoose(new Set(isChosen ? [...chosen, field] : [...chosen].filter((each) => each !== field)));
  return (
    <Table aria-label={t("undo.fields")}>
      <Table.Thead>
        <Table.Tr>
          {["conflict.field", "undo.now", "undo.becomes", "undo.met"].map((word) => (
            <Table.Th key={word}>{t(word)}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {fields.map(({ field, now, before, later }) => (
          <Table.Tr key={field}>
            <Table.Th scope="row">
              {isWhole ? field : <Checkbox label={field} checked={chosen.has(field)} disabled={!settable.has(field)} onChange={(event) => toggle(field, event.currentTarget.checked)} />}
            </Table.Th>
            <Table.Td>{say(field, now)}</Table.Td>
            <Table.Td>{say(field, before)}</Table.Td>
            <Table.Td>{later ? t("undo.later", { who: later.user?.email ?? "–", when: timestampCell(later.at) }) : "–"}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
