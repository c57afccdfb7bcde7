import { Group, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { PERIODS, type TimeSearch } from "../../../model/dashboards";

const OWN = "own";
const DAYS = "days";

/** The time that is looked at: each widget's own, a period until now, or from one day to another. */
export function TimeRange({ time, onChange }: { time: TimeSearch; onChange: (part: TimeSearch) => void }) {
  const { t } = useTranslation();
  const hasDays = time.from !== undefined || time.to !== undefined;
  const [showsDays, showDays] = useState(hasDays);
  const choices = [
    { value: OWN, label: t("board.ownTime") },
    ...Object.entries(PERIODS).map(([value, days]) => ({ value, label: t("kpis.days", { count: Number(days) }) })),
    { value: DAYS, label: t("board.days") },
  ];
  const choose = (picked: string | null) => {
    showDays(picked === DAYS);
    if (picked !== DAYS) onChange(picked && picked !== OWN ? { period: picked } : {});
  };
  return (
    <Group gap="xs">
      <Select size="xs" w={150} aria-label={t("kpis.period")} data={choices} allowDeselect={false} value={showsDays ? DAYS : (time.period ?? OWN)} onChange={choose} />
      {showsDays &&
        (["from", "to"] as const).map((end) => (
          <TextInput
            key={end}
            type="date"
            size="xs"
            aria-label={t(`board.${end}`)}
            value={time[end] ?? ""}
            onChange={(event) => {
              const { period: _period, ...days } = time;
              onChange({ ...days, [end]: event.currentTarget.value || undefined });
            }}
          />
        ))}
    </Group>
  );
}
