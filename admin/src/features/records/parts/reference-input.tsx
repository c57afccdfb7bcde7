import { Loader, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { kindOf } from "../../../fields/registry";
import { type Entity, type Field, labelOf, type Relation, type Row } from "../../../model/schema";
import { childrenQuery, choicesQuery } from "../queries";
import { useCreation } from "./creation-context";

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
/** The value of the choice that creates a record; no key is called so. */
const CREATE = "\u0000create";

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
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [asked] = useDebouncedValue(typed, TYPING_MS);
  const create = useCreation();
  const current = value === null || value === undefined ? null : String(value);
  const chosen = useQuery({ ...childrenQuery(app, target, relation.source_key, current ?? ""), enabled: current !== null });
  const option = (row: Row) => ({ value: String(row[relation.source_key]), label: labelOf(target, row) });
  // What is stored is shown, also where the record behind it is gone or not for the reader: an empty choice would be a lie.
  const named = chosen.data?.data.map(option) ?? [];
  const selected = named.length > 0 || current === null ? named : [{ value: current, label: current }];
  const isLabel = selected.some((each) => each.label === asked);
  const name = isLabel ? "" : asked;
  const found = useQuery({ ...choicesQuery(app, target, name), placeholderData: keepPreviousData });
  const others = (found.data ?? []).map(option).filter((each) => each.value !== current);
  const mayCreate = create !== undefined && target.actions.includes("create") && !small && !inCell;
  const creation = mayCreate ? [{ value: CREATE, label: name ? t("reference.createNamed", { name, entity: target.name }) : t("reference.create", { entity: target.name }) }] : [];
  const choose = (picked: string | null) => {
    if (picked === CREATE) create?.({ entity: target, name, onCreated: (row) => onChange(row[relation.source_key]) });
    else onChange(picked);
  };
  return (
    <Select
      {...looks(field, inCell, small)}
      required={field.required && !small && !inCell}
      searchable
      clearable={!field.required}
      disabled={disabled}
      error={error}
      data={[...selected, ...others, ...creation]}
      value={current}
      onChange={choose}
      onSearchChange={setTyped}
      {...(onLeave ? { onBlur: onLeave } : {})}
      filter={({ options: all }) => all}
      rightSection={found.isFetching ? <Loader size={14} /> : undefined}
    />
  );
}

function looks(field: Field, inCell: boolean, small: string | undefined) {
  if (inCell) return { "aria-label": field.name, autoFocus: true, defaultDropdownOpened: true, size: "xs", comboboxProps: { width: 260, position: "bottom-start" } } as const;
  if (small) return { "aria-label": small, size: "xs", w: 160, comboboxProps: { withinPortal: false } } as const;
  return { label: field.name };
}
