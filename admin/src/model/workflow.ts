/** A workflow's definition: its steps, the lists that hold them, and the ways between them. Pure. */

export interface Step {
  id?: unknown;
  type?: unknown;
  [key: string]: unknown;
}

export type Definition = Record<string, unknown>;
/** Where something stands in a definition, as in `["steps", 0, "branches", "left", "steps", 1]`. */
export type Path = readonly (string | number)[];

export const END = "end";
export const ROOT: Path = ["steps"];
export const STEP_TYPES = ["action", "condition", "set", "approval", "wait", "parallel", "sub_workflow", "loop"] as const;
export const TRIGGER_TYPES = ["state_change", "record_created", "record_updated", "record_deleted", "event", "schedule", "manual"] as const;
export const ACTION_TYPES = [
  "set_field", "create_record", "update_record", "delete_record", "transition", "webhook", "send_event", "send_notification", "add_comment",
] as const;

/** A way that leads on from a step: the key that says so, and the id of the next step or `end`. */
export interface Way {
  key: string;
  to: string;
}

export interface LocatedStep {
  path: Path;
  step: Step;
  /** The ids of the steps of its list, its own too. */
  siblings: string[];
  /** The steps that hold it, outermost first. */
  around: LocatedStep[];
}

export interface InnerList {
  /** The branch, or "" for the rounds of a loop. */
  name: string;
  path: Path;
  steps: Step[];
}

const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value);
const stepsIn = (value: unknown): Step[] => (Array.isArray(value) ? value.filter(isObject) : []);
export const idOfStep = (step: Step): string => String(step.id ?? "");

/** The steps of a definition's own list. */
export function stepsOf(definition: Definition): Step[] {
  return stepsIn(definition["steps"]);
}

/** The step that a target leads to; `end` where it says so or says nothing. */
export function targetStep(target: unknown): string {
  return isObject(target) && "goto" in target ? String(target["goto"]) : END;
}

/** The keys of a step's targets that have a meaning as the step is. Failures have one only where it is given. */
export function targetsOf(step: Step): string[] {
  const failure = step["on_failure"] === undefined ? [] : ["on_failure"];
  const late = step["timeout"] ? ["on_timeout"] : [];
  switch (step.type) {
    case "condition":
      return [...(step["branches"] === undefined ? ["on_true", "on_false"] : ["otherwise"]), ...failure];
    case "approval":
      return ["on_approve", "on_reject", ...late, ...failure];
    case "wait":
      return ["then", ...(step["event"] === undefined ? [] : late), ...failure];
    default:
      return ["then", ...failure];
  }
}

/** All ways that lead on from a step, in the order in which people read them. */
export function waysOf(step: Step): Way[] {
  const branches = step.type === "condition" && Array.isArray(step["branches"]) ? (step["branches"] as Step[]) : [];
  const chosen = branches.map((branch, at) => ({ key: `branches.${at}.goto`, to: String(branch["goto"] ?? END) }));
  return [...chosen, ...targetsOf(step).map((key) => ({ key, to: targetStep(step[key]) }))];
}

/** The way that a step usually goes on. */
export function mainWay(step: Step): string {
  return waysOf(step)[0]!.key;
}

/** A step of which one way leads elsewhere. */
export function withWay(step: Step, key: string, to: string): Step {
  const [list, at, member] = key.split(".");
  if (member === undefined) return { ...step, [key]: to === END ? END : { goto: to } };
  const branches = (step[list!] as Step[]).map((branch, index) => (index === Number(at) ? { ...branch, [member]: to } : branch));
  return { ...step, [list!]: branches };
}

/** The lists of steps that a step holds. */
export function innerLists(step: Step, path: Path): InnerList[] {
  if (step.type === "loop") return [{ name: "", path: [...path, "steps"], steps: stepsIn(step["steps"]) }];
  if (step.type !== "parallel" || !isObject(step["branches"])) return [];
  return Object.entries(step["branches"]).map(([name, branch]) => ({
    name,
    path: [...path, "branches", name, "steps"],
    steps: isObject(branch) ? stepsIn(branch["steps"]) : [],
  }));
}

/** Every step in the order of the document; those that a step holds follow it. */
export function allSteps(steps: Step[], path: Path = ROOT, around: LocatedStep[] = []): LocatedStep[] {
  const siblings = steps.map(idOfStep);
  return steps.flatMap((step, at) => {
    const here: LocatedStep = { path: [...path, at], step, siblings, around };
    return [here, ...innerLists(step, here.path).flatMap((list) => allSteps(list.steps, list.path, [...around, here]))];
  });
}

/** What stands at a path of a definition. */
export function valueAt(definition: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (value !== null && typeof value === "object" ? (value as Record<string | number, unknown>)[part] : undefined), definition);
}

/** The definition with another value at a path. */
export function withValue<T>(definition: T, path: Path, value: unknown): T {
  if (path.length === 0) return value as T;
  const [part, ...rest] = path as [string | number, ...(string | number)[]];
  const inner = withValue(valueAt(definition, [part]), rest, value);
  if (Array.isArray(definition)) return definition.map((each, at) => (at === part ? inner : each)) as T;
  return { ...definition, [part]: inner };
}

/** The names of the context: of its own paths, of inputs, and of what `set` steps compute. */
export function contextOf(definition: Definition): string[] {
  const computed = allSteps(stepsOf(definition)).flatMap(({ step }) => (step.type === "set" && isObject(step["values"]) ? Object.keys(step["values"]) : []));
  const own = [definition["context"], definition["inputs"]].flatMap((each) => (isObject(each) ? Object.keys(each) : []));
  return [...new Set([...own, ...computed])];
}
