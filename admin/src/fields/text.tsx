import { Textarea, TextInput as Input } from "@mantine/core";
import { translator } from "../words/translator";
import { clearButton } from "./clear-button";
import type { InputProps } from "./input";

/** Text. An emptied field is null, as the API keeps "" and null apart and people don't; a stored "" is shown as such. */
function textProps({ value, onChange, label, error, field, disabled }: InputProps) {
  const isText = typeof value === "string";
  return {
    label,
    required: field.required,
    value: isText ? value : "",
    error,
    disabled: disabled ?? false,
    placeholder: value === "" ? translator().t("field.emptyText") : field.required ? "" : translator().t("value.none"),
    rightSection: clearButton({ field, value, onChange, disabled: disabled ?? false }),
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.currentTarget.value === "" ? null : event.currentTarget.value),
  };
}

export function TextInput(props: InputProps) {
  return <Input {...textProps(props)} />;
}

export function TextAreaInput(props: InputProps) {
  return <Textarea {...textProps(props)} autosize minRows={2} maxRows={14} />;
}
