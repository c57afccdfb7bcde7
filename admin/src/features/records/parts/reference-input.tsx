import { Loader, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAppSchema } from "../../../api/app-schema";
import { kindOf } from "../../../fields/registry";
import { type Entity, type Field, type Relation, type Row, labelOf } from "../../../model/schema";
import { choicesQuery, childrenQuery } from "../queries";

interface Props {
  app: string;
  entity: Entity;
  field: Field;
  relation: Relation;
  value: unknown;
  error: string | undefined;
  disabled: boolean;
  onChange: (value: unknown) => void;
  /** Whether it stands in a cell of a grid: without a label, opened at once. */
  inCell?: boolean;
  onLeave?: () => void;
  /** Its name where it stands small and without a label, as in a filter. */
  small?: string;
}

const TYPING_MS = 200;

/** Chooses the record that a field refers to, by its name. */
export function ReferenceInput(props: Props) {
  const { app, relation } = props;
  const target = useAppSchema(app).entities.find((each) => each.name === relation.source);
  if (!target?.actions.includes("read")) {
    const Input = kindOf(props.field).input;
    return <Input {...props} label={props.field.name} />;
  }
  return <Choice {...props} target={target} />;
}

function Choice({ app, field, relation, target, value, error, disabled, onChange, inCell = false, onLeave, small }: Props & { target: Entity }) {
  const [typed, setTyped] = useState("");
  const [asked] = useDebouncedValue(typed, TYPING_MS);
  const current = value === null || value === undefined ? null : String(value);
  const chosen = useQuery({ ...childrenQuery(app, target, relation.source_key, current ?? ""), enabled: current !== null });
  const options = (row: Row) => ({ value: String(row[relation.source_key]), label: labelOf(target, row) });
  const selected = chosen.data?.data.map(options) ?? (current === null ? [] : [{ value: current, label: current }]);
  const isLabel = selected.some((option) => option.label === asked);
  const found = useQuery({ ...choicesQuery(app, target, isLabel ? "" : asked), placeholderData: keepPreviousData });
  const others = (found.data ?? []).map(options).filter((option) => option.value !== current);
  return (
    <Select
      {...(inCell ? { "aria-label": field.name, autoFocus: true, defaultDropdownOpened: true, size: "xs", comboboxProps: { width: 260, position: "bottom-start" } } : small ? { "aria-label": small, size: "xs", w: 160, comboboxProps: { withinPortal: false } } : { label: field.name })}
      required={field.required && !small && !inCell}
      searchable
      clearable={!field.required}
      disabled={disabled}
      error={error}
      data={[...selected, ...others]}
      value={current}
      onChange={onChange}
      onSearchChange={setTyped}
      {...(onLeave ? { onBlur: onLeave } : {})}
      filter={({ options: all }) => all}
      rightSection={found.isFetching ? <Loader size={14} /> : undefined}
    />
  );
}
