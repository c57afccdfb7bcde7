import { ActionIcon, Alert, Button, Group, Modal, Radio, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { RowEdit } from "../../../model/edits";
import type { Entity } from "../../../model/schema";
import { hintOf, messageOf } from "../../../ui/errors";
import { Icon } from "../../../ui/icons";
import { useNames } from "../names";
import { decide, type ListEdits } from "../use-edits";

interface Props {
  app: string;
  entity: Entity;
  list: ListEdits;
  onSave: ListEdits["save"];
  onClose: () => void;
}

/** Every edit that waits: before and after, what was refused and why, and what somebody else has stored meanwhile. */
export function Review({ app, entity, list, onSave, onClose }: Props) {
  const { t } = useTranslation();
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set());
  const choose = (cell: string, isTheirs: boolean) => setTheirs(new Set(isTheirs ? [...theirs, cell] : [...theirs].filter((each) => each !== cell)));
  const values = [...list.edits.values()].flatMap(({ base, values: edited }) => Object.keys(edited).flatMap((field) => [{ field, value: base[field] }, { field, value: edited[field] }]));
  const say = useNames(app, entity, [...values, ...list.clashes.map((clash) => ({ field: clash.field, value: clash.theirs }))]);
  const hasDetails = [...list.edits.values()].some((edit) => Object.keys(edit.refusals).length > 0);
  return (
    <Modal opened onClose={onClose} title={t("edits.title", { count: list.count })} size="xl" closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        {list.error && (
          <Alert color="red" role="alert" title={messageOf(list.error)} style={{ whiteSpace: "pre-line" }}>
            {hasDetails ? t("edits.nothingStored") : hintOf(list.error)}
          </Alert>
        )}
        {list.clashes.length > 0 && <Alert color="orange" role="alert" title={t("conflict.title")} />}
        <Table.ScrollContainer minWidth={480}>
          <Table aria-label={t("edits.title", { count: list.count })}>
            <Table.Thead>
              <Table.Tr>
                {["edits.record", "conflict.field", "conflict.before", "edits.after"].map((word) => (
                  <Table.Th key={word}>{t(word)}</Table.Th>
                ))}
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {[...list.edits.values()].map((edit) => (
                <EditRows key={edit.id} {...{ edit, list, theirs, say }} onChoose={choose} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("edits.goOn")}
          </Button>
          <Button loading={list.isSaving} onClick={() => void onSave(decide(list.edits, list.clashes, theirs))}>
            {t("edits.save")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface RowsProps extends Pick<Props, "list"> {
  edit: RowEdit;
  say: (field: string, value: unknown) => string;
  theirs: ReadonlySet<string>;
  onChoose: (cell: string, isTheirs: boolean) => void;
}

function EditRows({ edit, list, theirs, say, onChoose }: RowsProps) {
  const { t } = useTranslation();
  const whole = edit.refusals[""];
  return Object.entries(edit.values).map(([field, value], index) => {
    const cell = `${edit.id}/${field}`;
    const clash = list.clashes.find((each) => each.id === edit.id && each.field === field);
    const refusal = edit.refusals[field] ?? (index === 0 ? whole : undefined);
    return (
      <Table.Tr key={field}>
        <Table.Td>{index === 0 ? edit.label : ""}</Table.Td>
        <Table.Td>{field}</Table.Td>
        <Table.Td>{say(field, edit.base[field])}</Table.Td>
        <Table.Td>
          {clash ? (
            <Stack gap={4}>
              <Radio name={cell} label={`${t("conflict.mine")}: ${say(field, value)}`} checked={!theirs.has(cell)} onChange={() => onChoose(cell, false)} />
              <Radio name={cell} label={`${t("conflict.theirs")}: ${say(field, clash.theirs)}`} checked={theirs.has(cell)} onChange={() => onChoose(cell, true)} />
            </Stack>
          ) : (
            say(field, value)
          )}
          {refusal && (
            <Text size="sm" c="var(--mantine-color-error)" style={{ whiteSpace: "pre-line" }}>
              {refusal}
            </Text>
          )}
        </Table.Td>
        <Table.Td>
          <ActionIcon variant="subtle" color="gray" aria-label={t("edits.drop", { field, label: edit.label })} onClick={() => list.drop(edit.id, field)}>
            <Icon name="close" size={14} />
          </ActionIcon>
        </Table.Td>
      </Table.Tr>
    );
  });
}
