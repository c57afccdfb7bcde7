import { Badge, Button, Text } from "@mantine/core";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { END, ROOT, type Path, type Step, idOfStep, innerLists, waysOf } from "../../../model/workflow";
import { addAfter, addStep, duplicateStep, moveAfter, moveStep, removeStep } from "../../../model/workflow-edit";
import { Icon } from "../../../ui/icons";
import { useBuilder } from "./context";
import { STEP_ICONS } from "./picker";
import { summaryOf, triggerWord, wayWord } from "../../../ui/workflow-words";

/** The workflow as lists of steps. Arrows go through them; Alt and arrows move a step, Insert adds one, Delete removes it. */
export function Outline() {
  const { t } = useTranslation();
  const { definition, selected, select } = useBuilder();
  const frame = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent) => {
    if (event.altKey || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    const rows = [...frame.current!.querySelectorAll<HTMLElement>(".rk-outline-row")];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    event.preventDefault();
    rows[at + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  };
  return (
    <div ref={frame} onKeyDown={walk} role="group" aria-label={t("workflow.steps")}>
      <button type="button" className="rk-outline-row" aria-current={selected === null} onClick={() => select(null)}>
        <Icon name="star" size={14} />
        <span>{triggerWord(t, (definition["trigger"] ?? {}) as Step)}</span>
      </button>
      <StepList steps={(definition["steps"] ?? []) as Step[]} path={ROOT} label={t("workflow.steps")} />
      <Text size="xs" c="dimmed" mt="xs">
        {t("flow.keys")}
      </Text>
    </div>
  );
}

function StepList({ steps, path, label }: { steps: Step[]; path: Path; label: string }) {
  const { t } = useTranslation();
  const { definition, ask } = useBuilder();
  return (
    <ul className="rk-outline" aria-label={label}>
      {steps.map((step, at) => (
        <li key={at}>
          <Row step={step} path={[...path, at]} />
          {innerLists(step, [...path, at]).map((list) => (
            <div key={list.name} style={{ marginInlineStart: 14 }}>
              {list.name !== "" && (
                <Text size="xs" c="dimmed" fw={600}>
                  {list.name}
                </Text>
              )}
              <StepList steps={list.steps} path={list.path} label={list.name === "" ? idOfStep(step) : `${idOfStep(step)}: ${list.name}`} />
            </div>
          ))}
        </li>
      ))}
      <li>
        <Button size="compact-xs" variant="subtle" leftSection={<Icon name="plus" size={12} />} onClick={() => ask((type) => addStep(definition, path, type))} aria-label={path === ROOT ? t("workflow.addStep") : t("flow.addStepIn", { list: label })}>
          {t("workflow.addStep")}
        </Button>
      </li>
    </ul>
  );
}

function Row({ step, path }: { step: Step; path: Path }) {
  const { t } = useTranslation();
  const { definition, selected, select, apply, ask, change, problems } = useBuilder();
  const [isOver, setOver] = useState(false);
  const key = path.join(".");
  const count = problems.filter((problem) => problem.kind !== "missing" && problem.path.join(".").startsWith(`${key}`)).length;
  const press = (event: KeyboardEvent) => {
    const act: Record<string, () => void> = {
      ...(event.altKey ? { ArrowUp: () => apply(moveStep(definition, path, -1)), ArrowDown: () => apply(moveStep(definition, path, 1)) } : { Insert: () => ask((type) => addAfter(definition, path, type)) }),
      ...(event.ctrlKey || event.metaKey ? { d: () => apply(duplicateStep(definition, path)) } : { Delete: () => { change(removeStep(definition, path)); select(null); } }),
    };
    const found = act[event.key];
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    found();
  };
  const ways = waysOf(step).filter((way) => way.to !== END || way.key === "on_reject" || way.key === "on_false");
  return (
    <button
      type="button"
      className="rk-outline-row"
      data-path={key}
      data-over={isOver}
      aria-current={selected?.join(".") === key}
      draggable
      onDragStart={(event) => event.dataTransfer.setData("application/x-step", JSON.stringify(path))}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => { setOver(false); const from = event.dataTransfer.getData("application/x-step"); if (from) apply(moveAfter(definition, JSON.parse(from) as Path, path)); }}
      onClick={() => select(path)}
      onKeyDown={press}
    >
      <Icon name={STEP_ICONS[String(step.type)] ?? "help"} size={14} />
      <strong>{idOfStep(step) || "?"}</strong>
      <Text size="xs" c="dimmed" component="span">
        {[t(`flow.step.${String(step.type)}`), summaryOf(t, step)].filter(Boolean).join(" · ")}
      </Text>
      <Text size="xs" component="span">
        {ways.map((way) => `${wayWord(t, way.key, step)} → ${way.to === END ? t("flow.end") : way.to}`).join("  ")}
      </Text>
      {count > 0 && <Badge color="red" variant="outline" size="sm">{t("flow.problems", { count })}</Badge>}
    </button>
  );
}
