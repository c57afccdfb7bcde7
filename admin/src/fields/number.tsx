import { TextInput as Input } from "@mantine/core";
import type { Field } from "../model/schema";
import { clearButton } from "./clear-button";
import type { InputProps } from "./input";

/** A number with all its digits: decimals and 64-bit integers come as text, and are shown as they are. */
export function numberCell(value: unknown, field: Field): string {
  const digits = String(value);
  return field.precision === null || !/^-?\d+(\.\d+)?$/.test(digits) ? digits : padded(digits, field.precision);
}

function padded(digits: string, precision: number): string {
  const [whole, fraction = ""] = digits.split(".");
  return precision === 0 ? whole! : `${whole}.${fraction.padEnd(precision, "0")}`;
}

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
