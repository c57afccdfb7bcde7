import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { same } from "../../../model/changes";
import { parseExact } from "../../../model/json";
import type { Step } from "../../../model/workflow";
import { CodeInput } from "../../../ui/code/code-input";

/** A step as JSON, in step with its form. What is no object yet leaves the step as it was. */
export function StepJson({ step, onChange }: { step: Step; onChange: (step: Step) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState({ text: JSON.stringify(step, null, 2), told: step });
  const text = same(typed.told, step) ? typed.text : JSON.stringify(step, null, 2);
  const edit = (next: string) => {
    const read = readStep(next);
    setTyped({ text: next, told: read ?? step });
    if (read) onChange(read);
  };
  return <CodeInput language="json" label={t("definitions.json")} labelHidden value={text} onChange={edit} minLines={8} maxLines={24} />;
}

function readStep(text: string): Step | undefined {
  try {
    const read = parseExact(text);
    return read !== null && typeof read === "object" && !Array.isArray(read) ? (read as Step) : undefined;
  } catch {
    return undefined;
  }
}
