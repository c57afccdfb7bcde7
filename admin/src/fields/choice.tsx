import { Select } from "@mantine/core";
import type { InputProps } from "./input";

/** One of the values of an enum. A stored value that is none of them is offered too, so that it shows. */
export function ChoiceInput({ value, onChange, label, error, field, disabled }: InputProps) {
  const values = (field.enum ?? []).map(String);
  const current = value === null || value === undefined ? null : String(value);
  const data = current !== null && !values.includes(current) ? [...values, current] : values;
  const original = (chosen: string | null) => (field.enum ?? []).find((each) => String(each) === chosen) ?? chosen;
  return (
    <Select
      label={label}
      required={field.required}
      clearable={!field.required}
      searchable={data.length > 8}
      data={data}
      value={current}
      error={error}
      disabled={disabled ?? false}
      onChange={(chosen) => onChange(original(chosen))}
    />
  );
}
