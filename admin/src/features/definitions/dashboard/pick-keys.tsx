import { MultiSelect, Select, Switch } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { FieldGroup } from "../../../model/board-fields";
import { useKey, useProblem, useProblemWithin } from "../parts/scope";

type Choices = string[] | FieldGroup[] | { value: string; label: string }[];

interface PicksProps {
  name: string;
  label: string;
  data: Choices;
  isRequired?: boolean;
  onPick?: (names: string[]) => void;
}

/** Several of the names that there are, in the order in which they were picked. */
export function PicksKey({ name, label, data, isRequired = false, onPick }: PicksProps) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const known = new Set(data.flatMap((each) => (typeof each === "string" ? [each] : "items" in each ? each.items : [each.value])));
  const unknown = chosen.filter((each) => !known.has(each));
  // A name that is none any more is shown, so that it can be taken away.
  const shown = unknown.length > 0 ? [...unknown.map((each) => ("label" in Object(data[0]) ? { value: each, label: each } : each)), ...data] : data;
  const pick = onPick ?? ((names: string[]) => set(names.length > 0 || isRequired ? names : undefined));
  return <MultiSelect size="xs" label={t(label)} required={isRequired} searchable clearable={!isRequired} data={shown as string[]} value={chosen} error={useProblemWithin(name)} onChange={pick} />;
}

export function CompareKey() {
  const { t } = useTranslation();
  const [value, set] = useKey("compare");
  return <Switch size="sm" label={t("board.compare")} checked={value !== undefined} onChange={(event) => set(event.currentTarget.checked ? "previous_period" : undefined)} />;
}

export function KpiKey({ values }: { values: readonly string[] }) {
  const { t } = useTranslation();
  const [value, set] = useKey("kpi");
  return <Select size="xs" label={t("board.figure")} allowDeselect={false} error={useProblem("kpi")} data={values.map((each) => ({ value: each, label: t(`board.kpi.${each}`) }))} value={String(value)} onChange={(picked) => picked && set(picked)} />;
}
