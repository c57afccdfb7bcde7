import { Alert, Button, Group, Loader, Modal, Slider, Stack, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { changed, same } from "../../../model/changes";
import type { Entity, Row } from "../../../model/schema";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { useNames } from "../names";
import { useSave, versionQuery } from "../queries";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  etag: string | null;
  newest: number;
  mayRestore: boolean;
  onClose: () => void;
}

/** An earlier version of the record beside the present one. A slider leads through all of them. */
export function VersionsDialog({ app, entity, id, row, etag, newest, mayRestore, onClose }: Props) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(newest - 1);
  const [version, setVersion] = useState(newest - 1);
  const past = useQuery({ ...versionQuery(app, entity, id, version), placeholderData: keepPreviousData });
  const save = useSave(app, entity);
  const fields = entity.fields.filter((field) => field.read);
  const settable = fields.filter((field) => field.update && !field.computed).map((field) => field.name);
  const values = past.data ? Object.fromEntries(settable.filter((name) => name in past.data).map((name) => [name, past.data[name] ?? null])) : {};
  const differing = changed(row, values);
  const say = useNames(app, entity, fields.flatMap(({ name }) => [{ field: name, value: row[name] }, { field: name, value: past.data?.[name] }]));
  const error = past.error ?? save.error;
  const restore = async () => {
    await save.mutateAsync({ id, values: differing, etag });
    showDone(t("versions.restored", { version }));
    onClose();
  };
  return (
    <Modal opened onClose={onClose} size="xl" title={t("versions.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <Text size="sm">{t("versions.shown", { version: shown, newest })}</Text>
        <Slider min={1} max={newest} value={shown} onChange={setShown} onChangeEnd={setVersion} label={(value) => value} thumbProps={{ "aria-label": t("versions.slider") }} />
        {error && (
          <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
            {hintOf(error)}
          </Alert>
        )}
        {past.isPending && <Loader size="sm" aria-label={t("shell.loading")} />}
        {past.data && (
          <Table aria-label={t("versions.title")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("conflict.field")}</Table.Th>
                <Table.Th>{t("definitions.version", { version })}</Table.Th>
                <Table.Th>{t("undo.now")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {fields.map(({ name }) => (
                <Table.Tr key={name} {...(same(row[name] ?? null, past.data[name] ?? null) ? {} : { bg: "var(--mantine-color-yellow-light)", "data-differs": true })}>
                  <Table.Th scope="row">{name}</Table.Th>
                  <Table.Td className="rk-break">{say(name, past.data[name])}</Table.Td>
                  <Table.Td className="rk-break">{say(name, row[name])}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("action.close")}
          </Button>
          {mayRestore && (
            <Button loading={save.isPending} disabled={Object.keys(differing).length === 0} onClick={() => void restore().catch(() => undefined)}>
              {t("versions.restore", { version })}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
