import { Button, Group, Popover, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { type Condition, isBare } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { ConditionRow } from "./condition-row";

interface Props {
  app: string;
  entity: Entity;
  where: Condition[];
  onChange: (where: Condition[]) => void;
}

/** The conditions of a list: all must hold. They are applied together, so that half of one is never asked. */
export function FilterBar({ app, entity, where, onChange }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const [draft, setDraft] = useState<Condition[]>(where);
  const fields = entity.fields.filter((field) => field.filter);
  const open = (isOpen: boolean) => {
    setOpened(isOpen);
    if (isOpen) setDraft(where.length > 0 ? where : [blank()]);
  };
  const blank = (): Condition => ({ field: fields[0]?.name ?? "", op: "eq", value: "" });
  const edit = (at: number, part: Partial<Condition>) =>
    setDraft(draft.map((condition, index) => (index === at ? { ...condition, ...part } : condition)));
  const apply = (conditions: Condition[]) => {
    onChange(conditions.filter((condition) => condition.field && (isBare(condition.op) || condition.value !== "")));
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={open} position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant={where.length > 0 ? "light" : "default"}
          onClick={() => open(!opened)}
          leftSection={<Icon name="filter" size={14} />}
        >
          {where.length > 0 ? t("filter.active", { count: where.length }) : t("filter.open")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="calc(100vw - 16px)">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            apply(draft);
          }}
        >
          <Stack gap="xs">
            {draft.length > 1 && (
              <Text size="xs" c="dimmed">
                {t("filter.all")}
              </Text>
            )}
            {draft.map((condition, at) => (
              <ConditionRow
                key={at}
                app={app}
                entity={entity}
                condition={condition}
                onEdit={(part) => edit(at, part)}
                onRemove={() => setDraft(draft.filter((_, index) => index !== at))}
              />
            ))}
            <Group justify="space-between">
              <Button size="compact-xs" variant="subtle" onClick={() => setDraft([...draft, blank()])}>
                {t("filter.add")}
              </Button>
              <Group gap="xs">
                <Button size="xs" variant="default" onClick={() => apply([])}>
                  {t("filter.clear")}
                </Button>
                <Button size="xs" type="submit">
                  {t("filter.apply")}
                </Button>
              </Group>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
