import { TextInput as Input } from "@mantine/core";
import { clearButton } from "./clear-button";
import type { InputProps } from "./input";

/** A number, kept as the text that was typed: the API takes numbers as text, and no digit is lost. */
export function NumberInput({ value, onChange, label, error, field, disabled }: InputProps) {
  return (
    <Input
      label={label}
      required={field.required}
      inputMode={field.type === "int" || field.type === "bigint" ? "numeric" : "decimal"}
      value={value === null || value === undefined ? "" : String(value)}
      error={error}
      disabled={disabled ?? false}
      rightSection={clearButton({ field, value, onChange, disabled: disabled ?? false })}
      onChange={(event) => onChange(event.currentTarget.value.trim() === "" ? null : event.currentTarget.value.trim())}
    />
  );
}
