import { PasswordInput, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import type { ConfigField } from "../../../model/providers";
import { useTranslation } from "../../../words/translator";

interface ConfigInputProps {
  field: ConfigField;
  value: unknown;
  onChange: (value: unknown) => void;
}

const LONG_ROWS = 4;
const MOST_ROWS = 12;

/** One key of a provider's configuration. */
export function ConfigInput({ field, value, onChange }: ConfigInputProps) {
  const { t } = useTranslation();
  const label = t(`providers.config.${field.name}`);
  const common = { label, required: field.required ?? false, ...(field.example ? { placeholder: field.example } : {}) };
  const text = typeof value === "string" ? value : "";
  switch (field.as) {
    case "flag":
      return <Switch label={label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
    case "list":
      return <TagsInput {...common} required={false} withAsterisk={common.required} value={Array.isArray(value) ? value.map(String) : []} onChange={onChange} />;
    case "long":
      return <Textarea {...common} autosize minRows={LONG_ROWS} maxRows={MOST_ROWS} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
    case "secret":
      return <PasswordInput {...common} autoComplete="new-password" value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
    default:
      return <TextInput {...common} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
}
