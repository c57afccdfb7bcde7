import { SegmentedControl, Input } from "@mantine/core";
import { useTranslation } from "../words/translator";
import type { InputProps } from "./input";

const VALUES = { yes: true, no: false, none: null } as const;

/** Yes, no, or nothing where the field may be empty. */
export function BooleanInput({ value, onChange, label, error, field, disabled }: InputProps) {
  const { t } = useTranslation();
  const chosen = value === true ? "yes" : value === false ? "no" : "none";
  const choices = (["yes", "no", "none"] as const).filter((choice) => choice !== "none" || !field.required);
  return (
    <Input.Wrapper label={label} error={error} required={field.required}>
      <div>
        <SegmentedControl
          aria-label={label}
          disabled={disabled ?? false}
          value={chosen}
          onChange={(choice) => onChange(VALUES[choice as keyof typeof VALUES])}
          data={choices.map((choice) => ({ value: choice, label: t(`value.${choice}`) }))}
        />
      </div>
    </Input.Wrapper>
  );
}
