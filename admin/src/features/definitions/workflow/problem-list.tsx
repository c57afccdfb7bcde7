import { Alert, Anchor, List, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { LocatedStep, Path } from "../../../model/workflow";
import { idOfStep } from "../../../model/workflow";
import type { Problem } from "../../../model/workflow-check";
import { useBuilder } from "./context";

const MAX_SHOWN = 8;

/** The innermost step that a path leads into. */
export function stepAt(steps: LocatedStep[], path: Path): LocatedStep | undefined {
  return steps.filter((each) => each.path.every((part, at) => String(path[at]) === String(part))).at(-1);
}

/** What is wrong or missing, each with a way to its place. */
export function ProblemList({ problems }: { problems: Problem[] }) {
  const { t } = useTranslation();
  if (problems.length === 0) return null;
  const isBad = problems.some((problem) => problem.kind === "wrong");
  return (
    <Alert color={isBad ? "red" : "gray"} variant="outline" p="xs" role="status" title={t("flow.problemsTitle", { count: problems.length })}>
      <List size="sm" spacing={2}>
        {problems.slice(0, MAX_SHOWN).map((problem, at) => (
          <List.Item key={at}>
            <Line problem={problem} />
          </List.Item>
        ))}
      </List>
      {problems.length > MAX_SHOWN && <Text size="xs">{t("flow.moreProblems", { count: problems.length - MAX_SHOWN })}</Text>}
    </Alert>
  );
}

function Line({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  const { steps, select } = useBuilder();
  const here = stepAt(steps, problem.path);
  const key = problem.path.slice(here?.path.length ?? 0).join(".");
  const said = problem.word === "said" ? String(problem.values?.["message"]) : t(`flow.problem.${problem.word}`, problem.values ?? {});
  const go = () => {
    select(here?.path ?? null);
    requestAnimationFrame(() => requestAnimationFrame(() => focusOn(key)));
  };
  return (
    <>
      <Anchor component="button" type="button" size="sm" onClick={go}>
        {[here ? idOfStep(here.step) || "?" : t("flow.start"), key].filter(Boolean).join(" · ")}
      </Anchor>
      {": "}
      {said}
    </>
  );
}

/** Put the focus where the problem is: on the input that is marked, or the first empty one that is required, or the panel. */
function focusOn(key: string): void {
  const within = key === "name" || key === "description" ? document : (document.querySelector<HTMLElement>(".rk-panel") ?? document);
  const found = within.querySelector<HTMLElement>('[aria-invalid="true"]') ?? [...within.querySelectorAll<HTMLInputElement>("input[required]")].find((input) => input.value === "");
  const target = found ?? within.querySelector<HTMLElement>("input");
  target?.scrollIntoView({ block: "center" });
  target?.focus();
}
