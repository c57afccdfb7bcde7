import { Text } from "@mantine/core";
import { useTranslation } from "../../words/translator";
import { changeOf } from "../../model/dashboards";
import { percentWord, valueWord } from "./words";

interface Props {
  now: unknown;
  before: unknown;
  unit: "number" | "seconds";
  /** Whether the value before is named, too. */
  isLong?: boolean;
}

/** How much a figure has changed since the period before. */
export function Change({ now, before, unit, isLong = false }: Props) {
  const { t } = useTranslation();
  const percent = changeOf(now, before);
  const arrow = percent === undefined || percent === 0 ? "" : percent > 0 ? "▲ " : "▼ ";
  const said = t("board.before", { value: valueWord(before, { unit }) });
  return (
    <Text span size="xs" c="dimmed" title={said}>
      {percent !== undefined && (
        <>
          <span aria-hidden="true">{arrow}</span>
          {percentWord(percent, true)}
        </>
      )}
      {isLong ? ` ${said}` : <span className="rk-hidden">{said}</span>}
    </Text>
  );
}
