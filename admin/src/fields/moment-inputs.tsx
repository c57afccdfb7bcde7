import { TextInput } from "@mantine/core";
import { clearButton } from "./clear-button";
import type { InputProps } from "./input";
import { asLocal } from "./moments";

export function DateInput({ value, onChange, label, error, field, disabled }: InputProps) {
  return (
    <TextInput
      type="date"
      label={label}
      required={field.required}
      value={typeof value === "string" ? value : ""}
      error={error}
      disabled={disabled ?? false}
      rightSection={clearButton({ field, value, onChange, disabled: disabled ?? false })}
      onChange={(event) => onChange(event.currentTarget.value || null)}
    />
  );
}

export function TimestampInput({ value, onChange, label, error, field, disabled }: InputProps) {
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={label}
      required={field.required}
      value={asLocal(value)}
      error={error}
      disabled={disabled ?? false}
      rightSection={clearButton({ field, value, onChange, disabled: disabled ?? false })}
      onChange={(event) => onChange(event.currentTarget.value ? new Date(event.currentTarget.value).toISOString() : null)}
    />
  );
}
