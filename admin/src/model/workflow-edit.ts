/** Edits of the steps of a workflow. Each answers the new definition; ways between steps stay whole. Pure. */

import { type Definition, END, type Path, type Step, allSteps, idOfStep, innerLists, mainWay, stepsOf, valueAt, waysOf, withValue, withWay } from "./workflow";
import { renamedIn } from "./workflow-rename";

export interface Edited {
  definition: Definition;
  /** Where the step stands that the edit was about. */
  path: Path;
}

/** A step of a type with the keys that it can't be without. */
export function blankStep(type: string, id: string): Step {
  switch (type) {
    case "condition":
      return { id, type, expression: "", on_true: END, on_false: END };
    case "set":
      return { id, type, values: { value: "" } };
    case "approval":
      return { id, type, assignee: { type: "role", role: "admin" }, on_approve: END, on_reject: END };
    case "wait":
      return { id, type, for: "1h" };
    case "parallel":
      return { id, type, branches: { left: { steps: [] }, right: { steps: [] } }, join: "all" };
    case "sub_workflow":
      return { id, type, workflow: "" };
    case "loop":
      return { id, type, over: "", steps: [] };
    default:
      return { id, type, actions: [] };
  }
}

/** An id that no step has: the wish itself, or the wish with a number. */
export function freshId(definition: Definition, wish: string): string {
  const taken = new Set(allSteps(stepsOf(definition)).map(({ step }) => idOfStep(step)));
  let id = wish;
  for (let number = 2; taken.has(id) || id === END; number++) id = `${wish}_${number}`;
  return id;
}

const listAt = (definition: Definition, path: Path): Step[] => (valueAt(definition, path) ?? []) as Step[];
const placeOf = (path: Path): [Path, number] => [path.slice(0, -1), Number(path.at(-1))];

/** A list in which every way to one step leads to another. */
function redirected(steps: Step[], from: string, to: string): Step[] {
  return steps.map((step) => waysOf(step).reduce((changed, way) => (way.to === from && way.to !== END ? withWay(changed, way.key, to) : changed), step));
}

function spliced(definition: Definition, list: Path, at: number, removed: number, ...added: Step[]): Definition {
  return withValue(definition, list, listAt(definition, list).toSpliced(at, removed, ...added));
}

/** A new step at the end of a list. The step before it leads to it, if it led nowhere. */
export function addStep(definition: Definition, list: Path, type: string): Edited {
  const steps = listAt(definition, list);
  if (steps.length > 0) {
    const last = steps.at(-1)!;
    const path = [...list, steps.length - 1];
    return addAfter(definition, path, type, waysOf(last).find((way) => way.to === END)?.key ?? mainWay(last));
  }
  return { definition: withValue(definition, list, [blankStep(type, freshId(definition, type))]), path: [...list, 0] };
}

/** A new step on a way that leads on from a step. */
export function addAfter(definition: Definition, path: Path, type: string, key?: string): Edited {
  return putAfter(definition, path, blankStep(type, freshId(definition, type)), key);
}

function putAfter(definition: Definition, path: Path, step: Step, key?: string): Edited {
  const [list, at] = placeOf(path);
  const before = valueAt(definition, path) as Step;
  const way = waysOf(before).find((each) => each.key === key) ?? waysOf(before)[0]!;
  const led = withWay(before, way.key, idOfStep(step));
  const onward = withWay(step, mainWay(step), way.to === idOfStep(step) ? END : way.to);
  return { definition: spliced(definition, list, at, 1, led, onward), path: [...list, at + 1] };
}

/** A new step before a step: what led there leads to the new one. */
export function addBefore(definition: Definition, path: Path, type: string): Edited {
  const [list, at] = placeOf(path);
  const step = blankStep(type, freshId(definition, type));
  const target = idOfStep(valueAt(definition, path) as Step);
  const changed = withValue(definition, list, redirected(listAt(definition, list), target, idOfStep(step)));
  return { definition: spliced(changed, list, at, 0, withWay(step, mainWay(step), target)), path };
}

/** A definition without a step: what led to it leads to where it went on, and nothing else speaks of it. */
export function removeStep(definition: Definition, path: Path): Definition {
  const gone = new Set(allSteps([valueAt(definition, path) as Step]).map(({ step }) => idOfStep(step)));
  const rest = takenOut(definition, path);
  return allSteps(stepsOf(rest)).reduce((changed, each) => withValue(changed, each.path, forgetting(valueAt(changed, each.path) as Step, gone)), rest);
}

function forgetting(step: Step, gone: ReadonlySet<string>): Step {
  const lists = ["separation", "returns_to"].filter((key) => Array.isArray(step[key]) && (step[key] as unknown[]).some((name) => gone.has(String(name))));
  return lists.reduce((changed, key) => ({ ...changed, [key]: (changed[key] as unknown[]).filter((name) => !gone.has(String(name))) }), step);
}

function takenOut(definition: Definition, path: Path): Definition {
  const [list, at] = placeOf(path);
  const step = valueAt(definition, path) as Step;
  const onward = waysOf(step)[0]!.to;
  const others = listAt(definition, list).toSpliced(at, 1);
  return withValue(definition, list, redirected(others, idOfStep(step), onward === idOfStep(step) ? END : onward));
}

/** A step further up or down in its list. Its ways stay as they are. */
export function moveStep(definition: Definition, path: Path, by: number): Edited {
  const [list, at] = placeOf(path);
  const steps = listAt(definition, list);
  const to = Math.min(steps.length - 1, Math.max(0, at + by));
  return { definition: withValue(definition, list, steps.toSpliced(at, 1).toSpliced(to, 0, steps[at]!)), path: [...list, to] };
}

/** A step put on a way of another one, in whatever list. Undefined where it would hold itself. */
export function moveAfter(definition: Definition, path: Path, after: Path, key?: string): Edited | undefined {
  if (path.every((part, at) => after[at] === part)) return undefined;
  const step = valueAt(definition, path) as Step;
  const target = valueAt(definition, after) as Step;
  const without = takenOut(definition, path);
  const place = allSteps(stepsOf(without)).find((each) => idOfStep(each.step) === idOfStep(target));
  return place && putAfter(without, place.path, withoutWays(step), key);
}

/** A step moved to the end of another list. */
export function moveInto(definition: Definition, path: Path, list: Path): Edited | undefined {
  if (path.every((part, at) => list[at] === part)) return undefined;
  const target = listAt(definition, list);
  if (target.length > 0) return moveAfter(definition, path, [...list, target.length - 1]);
  const holder = allSteps(stepsOf(definition)).flatMap((each) => innerLists(each.step, each.path).map((inner) => ({ id: idOfStep(each.step), inner })));
  const meant = holder.find((each) => each.inner.path.join() === list.join());
  const without = takenOut(definition, path);
  const home = meant && allSteps(stepsOf(without)).find((each) => idOfStep(each.step) === meant.id);
  const place = home && innerLists(home.step, home.path).find((each) => each.name === meant.inner.name);
  return place && { definition: withValue(without, place.path, [withoutWays(valueAt(definition, path) as Step)]), path: [...place.path, 0] };
}

function withoutWays(step: Step): Step {
  return waysOf(step).reduce((changed, way) => withWay(changed, way.key, END), step);
}

/** A copy after a step, with ids of its own; the step leads to its copy. */
export function duplicateStep(definition: Definition, path: Path): Edited {
  const original = valueAt(definition, path) as Step;
  let copy = { steps: [structuredClone(original)] } as Definition;
  const taken = { ...definition };
  for (const { step } of allSteps(stepsOf(copy))) {
    const id = freshId({ steps: [...stepsOf(taken), ...stepsOf(copy)] }, `${idOfStep(step)}_copy`);
    copy = renamedIn(copy, idOfStep(step), id);
  }
  const step = stepsOf(copy)[0]!;
  return putAfter(definition, path, waysOf(step).reduce((changed, way) => (way.to === idOfStep(step) ? withWay(changed, way.key, END) : changed), step));
}

/** A step of another type, which keeps its id and its main way. */
export function retypeStep(definition: Definition, path: Path, type: string): Definition {
  const step = valueAt(definition, path) as Step;
  const next = blankStep(type, idOfStep(step));
  return withValue(definition, path, withWay(next, mainWay(next), waysOf(step)[0]!.to));
}
