import { Group, Select } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { END, type Step, targetStep, targetsOf } from "../../../model/workflow";
import { useKey, useProblem, useScope } from "../parts/scope";
import { useHere } from "./context";

/** What the end of the list is called in which a step stands. */
export function useEndWord(): string {
  const { t } = useTranslation();
  const holder = useHere()?.around.at(-1)?.step.type;
  return t(holder === "loop" ? "flow.endRound" : holder === "parallel" ? "flow.endBranch" : "flow.end");
}

/** The other steps of its list, and the end, as choices. */
function useChoices(chosen: string) {
  const here = useHere();
  const end = useEndWord();
  const others = (here?.siblings ?? []).filter((id) => id !== "" && id !== here?.step.id);
  return [{ value: END, label: end }, ...[...new Set([...others, ...(chosen !== END && chosen !== "" ? [chosen] : [])])].map((id) => ({ value: id, label: id }))];
}

/** Where a step leads: another step of its list, or the end. */
export function TargetKey({ name, isOptional }: { name: string; isOptional?: boolean }) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const chosen = value === undefined && isOptional ? null : targetStep(value);
  return (
    <Select
      size="xs"
      flex="1 1 130px"
      label={t(`flow.way.${name}`)}
      error={useProblem(name)}
      data={useChoices(chosen ?? END)}
      value={chosen}
      allowDeselect={isOptional ?? false}
      clearable={isOptional ?? false}
      placeholder={isOptional ? t("flow.fails") : ""}
      onChange={(picked) => set(picked === null ? undefined : picked === END ? END : { goto: picked })}
    />
  );
}

/** The same for a branch of a condition, whose goto is a plain name. */
export function GotoKey() {
  const { t } = useTranslation();
  const [value, set] = useKey("goto");
  const chosen = String(value ?? END);
  return <Select size="xs" label={t("flow.way.then")} error={useProblem("goto")} data={useChoices(chosen)} value={chosen} allowDeselect={false} onChange={(picked) => picked && set(picked)} />;
}

/** All ways that lead on from the step around. */
export function Ways() {
  const { document } = useScope();
  const keys = targetsOf(document as Step).filter((key) => key !== "on_failure");
  return (
    <Group gap="xs" align="flex-end">
      {keys.map((key) => (
        <TargetKey key={key} name={key} />
      ))}
      <TargetKey name="on_failure" isOptional />
    </Group>
  );
}
