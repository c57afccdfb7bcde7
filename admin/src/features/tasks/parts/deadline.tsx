import { Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";

/** When it must be decided; what is late stands out. */
export function Deadline({ at }: { at: string | null }) {
  const { t } = useTranslation();
  if (at === null) return "–";
  const isLate = Date.parse(at) < Date.now();
  return (
    <Text size="sm" component="span" {...(isLate ? { c: "var(--mantine-color-error)", fw: 600 } : {})}>
      {timestampCell(at)} {isLate && `(${t("tasks.late")})`}
    </Text>
  );
}
