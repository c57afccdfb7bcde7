/** A step, a value of the context, or a branch under another name: all that speaks of it follows. Pure. */

import { type Definition, type Path, type Step, allSteps, idOfStep, stepsOf, targetsOf, valueAt, waysOf, withValue, withWay } from "./workflow";

const WORD = /^[A-Za-z_]\w*$/;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A text whose path `root.before` names something else now: in expressions, templates and plain paths. */
export function renamedPath(text: string, root: string, before: string, after: string): string {
  const dotted = new RegExp(`(?<![\\w.])${root}\\.${escaped(before)}(?![\\w])`, "g");
  const quoted = new RegExp(`(?<![\\w.])${root}\\[(["'])${escaped(before)}\\1\\]`, "g");
  const isPath = dotted.test(text) && new RegExp(`^${root}\\.${escaped(before)}(\\.[\\w.]*)?$`).test(text);
  dotted.lastIndex = 0;
  const named = WORD.test(after) || isPath ? `${root}.${after}` : `${root}["${after}"]`;
  return text.replace(dotted, () => named).replace(quoted, () => named);
}

function everyText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => everyText(each, change));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, everyText(each, change)]));
}

/** Gotos, separations, returns and paths follow a step's new id. */
export function renamedIn(definition: Definition, before: string, after: string): Definition {
  if (before === "" || before === after) return definition;
  let changed = everyText(definition, (text) => renamedPath(text, "steps", before, after)) as Definition;
  for (const { path, step } of allSteps(stepsOf(changed))) changed = withValue(changed, path, following(step, before, after));
  return changed;
}

const LEADING = ["then", "on_true", "on_false", "otherwise", "on_approve", "on_reject", "on_timeout", "on_failure"];

function following(step: Step, before: string, after: string): Step {
  // Also targets without a meaning as the step is now, such as that of a timeout which is taken away.
  const keys = [...new Set([...waysOf(step).map((way) => way.key), ...targetsOf(step), ...LEADING.filter((key) => step[key] !== undefined)])];
  let changed = step;
  for (const key of keys) {
    const target = valueAt(step, key.split("."));
    const led = typeof target === "object" && target !== null ? (target as { goto?: unknown }).goto : key.endsWith(".goto") ? target : undefined;
    if (led === before) changed = withWay(changed, key, after);
  }
  for (const key of ["separation", "returns_to"]) {
    const names = changed[key];
    if (Array.isArray(names)) changed = { ...changed, [key]: names.map((name) => (name === before ? after : name)) };
  }
  return idOfStep(step) === before ? { ...changed, id: after } : changed;
}

/** A step under another id. */
export function renameStep(definition: Definition, path: Path, id: string): Definition {
  const before = idOfStep((valueAt(definition, path) ?? {}) as Step);
  const isAlone = allSteps(stepsOf(definition)).filter(({ step }) => idOfStep(step) === before).length === 1;
  if (before === "" || !isAlone) return withValue(definition, [...path, "id"], id);
  return renamedIn(definition, before, id);
}

/** A member of an object under another name, at the same place; what reads `context.<name>` follows. */
export function renameValue(definition: Definition, path: Path, before: string, after: string): Definition {
  const object = (valueAt(definition, path) ?? {}) as Record<string, unknown>;
  const renamed = Object.fromEntries(Object.entries(object).map(([key, value]) => [key === before ? after : key, value]));
  const changed = withValue(definition, path, renamed);
  return everyText(changed, (text) => renamedPath(text, "context", before, after)) as Definition;
}
