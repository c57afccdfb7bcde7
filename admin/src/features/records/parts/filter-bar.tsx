import { ActionIcon, Button, Group, Popover, Select, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Condition, isBare, operatorsOf } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";

interface Props {
  entity: Entity;
  where: Condition[];
  onChange: (where: Condition[]) => void;
}

/** The conditions of a list: all must hold. They are applied together, so that half of one is never asked. */
export function FilterBar({ entity, where, onChange }: Props) {
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
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            apply(draft);
          }}
        >
          <Stack gap="xs">
            {draft.map((condition, at) => (
              <ConditionRow
                key={at}
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

interface RowProps {
  entity: Entity;
  condition: Condition;
  onEdit: (part: Partial<Condition>) => void;
  onRemove: () => void;
}

function ConditionRow({ entity, condition, onEdit, onRemove }: RowProps) {
  const { t } = useTranslation();
  const fields = entity.fields.filter((field) => field.filter);
  const field = fields.find((each) => each.name === condition.field);
  const operators = field ? operatorsOf(field) : ["eq"];
  const inputType = field?.type === "date" ? "date" : "text";
  const chooseField = (name: string | null) => {
    const chosen = fields.find((each) => each.name === name);
    if (chosen) onEdit({ field: chosen.name, op: operatorsOf(chosen).includes(condition.op) ? condition.op : "eq", value: "" });
  };
  return (
    <Group gap={6} wrap="nowrap">
      <Select
        size="xs"
        w={150}
        aria-label={t("filter.field")}
        searchable
        comboboxProps={{ withinPortal: false }}
        data={fields.map((each) => each.name)}
        value={condition.field}
        onChange={chooseField}
      />
      <Select
        size="xs"
        w={130}
        aria-label={t("filter.operator")}
        comboboxProps={{ withinPortal: false }}
        data={operators.map((op) => ({ value: op, label: t(`op.${op}`) }))}
        value={condition.op}
        onChange={(op) => op && onEdit({ op })}
      />
      {!isBare(condition.op) &&
        (field?.enum && condition.op !== "in" ? (
          <Select
            size="xs"
            w={160}
            aria-label={t("filter.value")}
            comboboxProps={{ withinPortal: false }}
            data={field.enum.map(String)}
            value={condition.value || null}
            onChange={(value) => onEdit({ value: value ?? "" })}
          />
        ) : field?.type === "boolean" ? (
          <Select
            size="xs"
            w={160}
            aria-label={t("filter.value")}
            comboboxProps={{ withinPortal: false }}
            data={[
              { value: "true", label: t("value.yes") },
              { value: "false", label: t("value.no") },
            ]}
            value={condition.value || null}
            onChange={(value) => onEdit({ value: value ?? "" })}
          />
        ) : (
          <TextInput
            size="xs"
            w={160}
            type={inputType}
            aria-label={t("filter.value")}
            value={condition.value}
            onChange={(event) => onEdit({ value: event.currentTarget.value })}
          />
        ))}
      <ActionIcon variant="subtle" color="gray" aria-label={t("filter.remove")} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </Group>
  );
}
