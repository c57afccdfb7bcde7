import { Textarea, TextInput as Input } from "@mantine/core";
import type { InputProps } from "./input";

/** Text. An emptied field is null, as the API keeps "" and null apart and people don't. */
export function TextInput({ value, onChange, label, error, field, disabled }: InputProps) {
  return (
    <Input
      label={label}
      required={field.required}
      value={typeof value === "string" ? value : ""}
      error={error}
      disabled={disabled ?? false}
      onChange={(event) => onChange(event.currentTarget.value === "" ? null : event.currentTarget.value)}
    />
  );
}

export function TextAreaInput({ value, onChange, label, error, field, disabled }: InputProps) {
  return (
    <Textarea
      label={label}
      required={field.required}
      autosize
      minRows={2}
      maxRows={14}
      value={typeof value === "string" ? value : ""}
      error={error}
      disabled={disabled ?? false}
      onChange={(event) => onChange(event.currentTarget.value === "" ? null : event.currentTarget.value)}
    />
  );
}
