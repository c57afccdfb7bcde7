/** What differs between two versions of a workflow, in terms that people use: steps, and their keys. Pure. */

import { same } from "./changes";
import { type Definition, type LocatedStep, type Step, allSteps, idOfStep, stepsOf } from "./workflow";

export interface Difference {
  /** The step, or "" for the workflow itself. */
  step: string;
  kind: "added" | "removed" | "changed" | "moved";
  /** The key of it, as `timeout` or `approvers.0.role`; "" for the whole step. */
  key: string;
  before?: unknown;
  after?: unknown;
}

const HELD = new Set(["steps", "branches"]);
const holds = (step: Step) => step.type === "loop" || step.type === "parallel";
const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object";

/** The leaves in which two values differ, by path. Lists are compared place by place. */
export function leaves(before: unknown, after: unknown, key = ""): { key: string; before: unknown; after: unknown }[] {
  if (same(before, after)) return [];
  const isBoth = isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after);
  if (!isBoth) return [{ key, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((each) => leaves(before[each], after[each], key === "" ? each : `${key}.${each}`));
}

const own = (step: Step): Step => (holds(step) ? { ...Object.fromEntries(Object.entries(step).filter(([key]) => !HELD.has(key))), ...(step.type === "parallel" ? { branches: Object.keys((step["branches"] ?? {}) as object) } : {}) } : step);
const listOf = ({ path, around }: LocatedStep) => around.map(({ step }) => idOfStep(step)).join("/") + String(path.length > 2 ? path.at(-3) : "");

export function differences(before: Definition, after: Definition): Difference[] {
  const { steps: _before, ...was } = before;
  const { steps: _after, ...is } = after;
  const old = new Map(allSteps(stepsOf(before)).map((each) => [idOfStep(each.step), each]));
  const now = new Map(allSteps(stepsOf(after)).map((each) => [idOfStep(each.step), each]));
  const found: Difference[] = leaves(was, is).map((leaf) => ({ step: "", kind: "changed", ...leaf }));
  for (const [id, each] of now) {
    const former = old.get(id);
    if (!former) {
      found.push({ step: id, kind: "added", key: "", after: each.step.type });
      continue;
    }
    if (listOf(former) !== listOf(each)) found.push({ step: id, kind: "moved", key: "", before: listOf(former), after: listOf(each) });
    found.push(...leaves(own(former.step), own(each.step)).map((leaf): Difference => ({ step: id, kind: "changed", ...leaf })));
  }
  for (const [id, each] of old) if (!now.has(id)) found.push({ step: id, kind: "removed", key: "", before: each.step.type });
  return found;
}
