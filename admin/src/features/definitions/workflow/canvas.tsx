import { useMemo } from "react";
import { useTranslation } from "../../../words/translator";
import { withHeat } from "../../../model/instance-graph";
import { idOfStep, type Path, type Step, valueAt } from "../../../model/workflow";
import { addAfter, moveAfter } from "../../../model/workflow-edit";
import { nodeOf, readEdge, START, stepOfNode, workflowGraph } from "../../../model/workflow-graph";
import { LazyGraph } from "../../../ui/graph/lazy";
import { useBuilder } from "./context";
import { lengthInWords, summaryOf, triggerWord, wayWord } from "../../../ui/workflow-words";

/** The workflow as a picture: a box is selected by a click, a step is put on an arrow by its +, or taken there. With `seconds`, boxes
 * are coloured by how long instances have stayed at their steps. */
export function Canvas({ seconds }: { seconds: ReadonlyMap<string, number> | undefined }) {
  const { t } = useTranslation();
  const { definition, steps, selected, select, apply, ask, problems } = useBuilder();
  const graph = useMemo(() => {
    const found = (path: Path) => problems.filter((problem) => path.every((part, at) => problem.path[at] === part) && !isDeeper(steps.map((each) => each.path), path, problem.path)).length;
    const average = (step: Step) => (seconds?.has(idOfStep(step)) ? t("kpis.averageOf", { length: lengthInWords(seconds.get(idOfStep(step))!) }) : "");
    const drawn = workflowGraph((definition["steps"] ?? []) as Step[], {
      label: (step) => idOfStep(step) || "?",
      sub: (step) => [t(`flow.step.${String(step.type)}`), summaryOf(t, step), average(step)].filter(Boolean).join(" · "),
      way: (key, step) => wayWord(t, key, step),
      end: t("flow.end"),
      start: triggerWord(t, (definition["trigger"] ?? {}) as Step),
      join: (step) => (step.type === "loop" ? t("flow.nextRound") : t("flow.joinHere")),
      node: (_step, path) => (found(path) > 0 ? { badge: String(found(path)) } : {}),
    });
    return seconds ? withHeat(drawn, seconds) : drawn;
  }, [definition, problems, steps, seconds, t]);
  const chosen = selected === null ? START : nodeOf((valueAt(definition, selected) ?? {}) as Step, selected);
  const put = (edge: string) => ask((type) => addAfter(definition, readEdge(edge).path, type, readEdge(edge).key));
  const drop = (node: string, edge: string) => {
    const moved = stepOfNode(node, steps);
    const { path, key } = readEdge(edge);
    if (moved) apply(moveAfter(definition, moved.path, path, key));
  };
  return (
    <LazyGraph
      graph={graph}
      label={t("workflow.picture")}
      direction="TB"
      maxHeight="min(70vh, 640px)"
      selected={chosen}
      onSelect={(node) => (node === START ? select(null) : select(stepOfNode(node, steps)?.path ?? null))}
      onInsert={put}
      onDrop={drop}
    />
  );
}

/** Whether a problem belongs to a step inside of the one at a path. */
function isDeeper(paths: Path[], path: Path, problem: Path): boolean {
  return paths.some((inner) => inner.length > path.length && path.every((part, at) => inner[at] === part) && inner.every((part, at) => problem[at] === part));
}

