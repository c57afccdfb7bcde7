import { ActionIcon, Button, Fieldset, Group, Stack } from "@mantine/core";
import { type ReactNode, useId } from "react";
import { useTranslation } from "../../../words/translator";
import { Icon } from "../../../ui/icons";
import type { Document } from "../queries";
import { DocumentScope, useKey, useScope } from "./scope";

interface RowsProps {
  name: string;
  label: string;
  add: string;
  blank: Document;
  children: (at: number, row: Document) => ReactNode;
  vertical?: boolean;
}

/** A key that holds a list of documents: each with its keys, and buttons to move and remove it. */
export function Rows({ name, label, add, blank, children, vertical }: RowsProps) {
  const { t } = useTranslation();
  const { app, path } = useScope();
  const [value, set] = useKey(name);
  const rows = (Array.isArray(value) ? value : []) as Document[];
  const id = useId();
  const move = (from: number, by: number) => {
    const next = [...rows];
    const [row] = next.splice(from, 1);
    next.splice(from + by, 0, row!);
    set(next);
  };
  return (
    <Fieldset legend={t(label)} p="sm">
      <Stack gap="sm">
        {rows.map((row, at) => (
          <Group key={`${id}-${at}`} gap="xs" align={vertical ? "flex-start" : "flex-end"} wrap="nowrap" role="group" aria-label={`${t(label)} ${at + 1}`}>
            <DocumentScope app={app} document={row} path={`${path}${name}.${at}.`} onChange={(next) => set(rows.map((each, index) => (index === at ? next : each)))}>
              {vertical ? <Stack flex={1} gap="xs">{children(at, row)}</Stack> : <Group flex={1} gap="xs" align="flex-end">{children(at, row)}</Group>}
            </DocumentScope>
            <Group gap={0} wrap="nowrap">
              <ActionIcon variant="subtle" color="gray" disabled={at === 0} onClick={() => move(at, -1)} aria-label={t("rows.up", { number: at + 1 })}>
                <Icon name="up" size={14} />
              </ActionIcon>
              <ActionIcon variant="subtle" color="gray" disabled={at === rows.length - 1} onClick={() => move(at, 1)} aria-label={t("rows.down", { number: at + 1 })}>
                <Icon name="down" size={14} />
              </ActionIcon>
              <ActionIcon variant="subtle" color="red" onClick={() => set(rows.filter((_, index) => index !== at))} aria-label={t("rows.remove", { number: at + 1 })}>
                <Icon name="trash" size={14} />
              </ActionIcon>
            </Group>
          </Group>
        ))}
        <Group>
          <Button size="compact-xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => set([...rows, blank])}>
            {t(add)}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
