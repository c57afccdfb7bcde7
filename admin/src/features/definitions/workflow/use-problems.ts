/** What is wrong with the workflow: what the client sees at once, and what the server has said of the same document. */

import { useMemo } from "react";
import { useTranslation } from "../../../words/translator";
import { same } from "../../../model/changes";
import { type Definition, type Path } from "../../../model/workflow";
import { type Problem, checkWorkflow } from "../../../model/workflow-check";
import { type Problems, valueAt } from "../problems";

const toPath = (text: string): Path => text.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));

export function useAllProblems(definition: Definition, said: Problems | null): { all: Problem[]; inPlace: Problems } {
  const { t } = useTranslation();
  return useMemo(() => {
    const own = checkWorkflow(definition);
    const told = Object.entries(said?.byPath ?? {}).filter(([path]) => same(valueAt(said!.checked, path), valueAt(definition, path)));
    const known = new Set(own.map((problem) => problem.path.join(".")));
    const others = told
      .filter(([path]) => !known.has(path))
      .flatMap(([path, messages]) => messages.map((message): Problem => ({ path: toPath(path), word: "said", values: { message }, kind: "wrong" })));
    const wrong = own.filter((problem) => problem.kind === "wrong").map((problem): [string, string[]] => [problem.path.join("."), [t(`flow.problem.${problem.word}`, problem.values ?? {})]]);
    return { all: [...own, ...others], inPlace: { checked: definition, byPath: { ...Object.fromEntries(wrong), ...Object.fromEntries(told) } } };
  }, [definition, said, t]);
}
