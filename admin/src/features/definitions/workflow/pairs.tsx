import { ActionIcon, Button, Fieldset, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "../../../words/translator";
import { Icon } from "../../../ui/icons";
import { Nested, useKey, useProblem } from "../parts/scope";
import { NameInput } from "./text-keys";

interface PairsProps {
  name: string;
  /** The keys of its words. */
  label: string;
  add: string;
  help?: string;
  /** What a new value is, and its first name. */
  blank: unknown;
  wish: string;
  suggestions?: readonly string[];
  /** Another name for a value; without it only the name changes. */
  onRename?: (before: string, after: string) => void;
  /** The input of a value, whose key is its name. */
  children: (name: string) => ReactNode;
}

/** A key that holds values by name: a line each. */
export function Pairs({ name, label, add, help, blank, wish, suggestions = [], onRename, children }: PairsProps) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const error = useProblem(name);
  const object = (value ?? {}) as Record<string, unknown>;
  const names = Object.keys(object);
  const rename = (before: string, after: string) =>
    onRename ? onRename(before, after) : set(Object.fromEntries(Object.entries(object).map(([key, each]) => [key === before ? after : key, each])));
  const append = () => {
    let fresh = suggestions.find((each) => !names.includes(each)) ?? wish;
    for (let number = 2; names.includes(fresh); number++) fresh = `${wish}_${number}`;
    set({ ...object, [fresh]: blank });
  };
  const remove = (gone: string) => set(Object.fromEntries(Object.entries(object).filter(([key]) => key !== gone)));
  return (
    <Fieldset legend={t(label)} p="xs">
      <Stack gap={6}>
        {help && <Text size="xs" c="dimmed">{t(help)}</Text>}
        <Nested name={name}>
          {names.map((each, at) => (
            <Group key={at} gap="xs" wrap="nowrap" align="flex-end" role="group" aria-label={`${t(label)}: ${each}`}>
              <NameInput isBare label={t("flow.nameOf", { name: each })} w={140} value={each} taken={names} onCommit={(after) => rename(each, after)} />
              <div style={{ flex: 1, minWidth: 0 }}>{children(each)}</div>
              <ActionIcon variant="subtle" color="red" onClick={() => remove(each)} aria-label={t("flow.removeValue", { name: each })}>
                <Icon name="trash" size={14} />
              </ActionIcon>
            </Group>
          ))}
        </Nested>
        {error && <Text size="xs" c="var(--mantine-color-error)">{error}</Text>}
        <Group>
          <Button size="compact-xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={append}>
            {t(add)}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
