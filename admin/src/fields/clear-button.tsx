import { ActionIcon } from "@mantine/core";
import { useTranslation } from "../words/translator";
import { Icon } from "../ui/icons";
import type { InputProps } from "./input";

/** Sets a field to null, which is not the same as an empty text. Only where there is something to clear, and it may be. */
export function clearButton({ field, value, onChange, disabled }: Pick<InputProps, "field" | "value" | "onChange" | "disabled">) {
  if (field.required || disabled || value === null || value === undefined) return undefined;
  return <Clear name={field.name} onClear={() => onChange(null)} />;
}

function Clear({ name, onClear }: { name: string; onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t("field.null", { field: name })} onClick={onClear}>
      <Icon name="close" size={14} />
    </ActionIcon>
  );
}
