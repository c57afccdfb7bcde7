import { ActionIcon, Button, Fieldset, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { conditionsOf, toConditions } from "../../../model/board-edit";
import { type FieldGroup, fieldAt } from "../../../model/board-fields";
import { same } from "../../../model/changes";
import type { Conditions } from "../../../model/dashboards";
import { type Condition, isBare, operatorsOf } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { useKey, useProblemWithin, useScope } from "../parts/scope";

interface Props {
  name: string;
  label: string;
  choices: FieldGroup[];
  /** Whose fields the conditions are about; figures have none. */
  entity: Entity | undefined;
}

const FIGURE_OPERATORS = ["gt", "gte", "lt", "lte", "eq", "neq"];

/** Conditions that must all hold. One without a value is not yet one. */
export function ConditionsKey({ name, label, choices, entity }: Props) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const told = useRef(value);
  const [rows, setRows] = useState(() => conditionsOf(value as Conditions | undefined));
  // An undo, or another entity, comes from outside.
  useEffect(() => {
    if (!same(told.current, value)) setRows(conditionsOf(value as Conditions | undefined));
    told.current = value;
  }, [value]);
  const change = (next: Condition[]) => {
    setRows(next);
    told.current = toConditions(next.filter((row) => isBare(row.op) || row.value !== ""));
    set(told.current);
  };
  const first = choices[0]?.items[0];
  const message = useProblemWithin(name);
  return (
    <Fieldset legend={t(label)} p="xs">
      <Stack gap={6}>
        {rows.map((row, at) => (
          <ConditionLine key={at} row={row} choices={choices} entity={entity} onEdit={(part) => change(rows.map((each, index) => (index === at ? { ...each, ...part } : each)))} onRemove={() => change(rows.filter((_, index) => index !== at))} />
        ))}
        {message && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {message}
          </Text>
        )}
        {first !== undefined && (
          <Button size="compact-xs" variant="subtle" w="fit-content" onClick={() => change([...rows, { field: first, op: entity ? "eq" : "gt", value: "" }])}>
            {t("filter.add")}
          </Button>
        )}
      </Stack>
    </Fieldset>
  );
}

interface LineProps {
  row: Condition;
  choices: FieldGroup[];
  entity: Entity | undefined;
  onEdit: (part: Partial<Condition>) => void;
  onRemove: () => void;
}

function ConditionLine({ row, choices, entity, onEdit, onRemove }: LineProps) {
  const { t } = useTranslation();
  const { app } = useScope();
  const schema = useAppSchema(app);
  const operatorsFor = (path: string) => {
    const field = entity && fieldAt(schema, entity, path);
    return field ? operatorsOf(field) : entity ? ["eq"] : FIGURE_OPERATORS;
  };
  const operators = operatorsFor(row.field);
  const field = entity && fieldAt(schema, entity, row.field);
  const values = row.op === "eq" || row.op === "neq" ? (field?.enum?.map(String) ?? (field?.type === "boolean" ? ["true", "false"] : undefined)) : undefined;
  const isKnown = choices.some((each) => each.items.includes(row.field));
  const fields = choices.length === 1 ? choices[0]!.items : choices;
  const chooseField = (path: string | null) => path && onEdit({ field: path, op: operatorsFor(path).includes(row.op) ? row.op : operatorsFor(path)[0]!, value: "" });
  return (
    <Group gap={6} align="flex-start">
      <Select size="xs" w={130} searchable aria-label={t("filter.field")} data={(isKnown ? fields : [row.field, ...fields]) as string[]} value={row.field} onChange={chooseField} />
      <Select size="xs" w={110} aria-label={t("filter.operator")} data={(operators.includes(row.op) ? operators : [row.op, ...operators]).map((op) => ({ value: op, label: t(`op.${op}`, { defaultValue: op }) }))} value={row.op} onChange={(op) => op && onEdit({ op })} />
      {!isBare(row.op) &&
        (values ? (
          <Select size="xs" w={120} aria-label={t("filter.value")} data={values} value={row.value || null} onChange={(value) => onEdit({ value: value ?? "" })} />
        ) : (
          <TextInput size="xs" w={120} aria-label={t("filter.value")} {...(row.op === "in" ? { placeholder: t("filter.list") } : {})} value={row.value} onChange={(event) => onEdit({ value: event.currentTarget.value })} />
        ))}
      <ActionIcon variant="subtle" color="gray" aria-label={t("filter.remove")} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </Group>
  );
}
