/** What is wrong with a workflow, or still missing, told while it is being described. The server checks it all again. Pure. */

import { ACTION_TYPES, END, type Definition, type LocatedStep, type Path, type Step, allSteps, idOfStep, innerLists, stepsOf, waysOf } from "./workflow";

export interface Problem {
  path: Path;
  /** The key of its word, below `flow.problem`. */
  word: string;
  values?: Record<string, string | number>;
  /** `missing`: to be filled in yet; `doubtful`: legal, but hardly meant. */
  kind: "wrong" | "missing" | "doubtful";
}

const DURATION = /^(?=.)(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?$/;
const TEN_YEARS_S = 3660 * 86_400;

/** Seconds of "72h", "30m", "1h30m"; undefined where it is no time. */
export function secondsOf(text: unknown): number | undefined {
  const found = DURATION.exec(String(text ?? ""));
  if (!found) return undefined;
  const seconds = Number(found[1] ?? 0) * 3600 + Number(found[2] ?? 0) * 60 + Number(found[3] ?? 0);
  return seconds > 0 && seconds <= TEN_YEARS_S ? seconds : undefined;
}

const wrong = (path: Path, word: string, values?: Problem["values"]): Problem => ({ path, word, kind: "wrong", ...(values ? { values } : {}) });
const missing = (path: Path): Problem => ({ path, word: "missing", kind: "missing" });
const isEmpty = (value: unknown) => value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
const rows = (value: unknown): Step[] => (Array.isArray(value) ? (value as Step[]) : []);
const names = (value: unknown): string[] => Object.keys((value ?? {}) as object);

/** The keys of an object that are required and empty. */
function absent(object: Step, path: Path, ...keys: string[]): Problem[] {
  return keys.filter((key) => isEmpty(object[key])).map((key) => missing([...path, key]));
}

function duration(object: Step, path: Path, key: string): Problem[] {
  return isEmpty(object[key]) || secondsOf(object[key]) ? [] : [wrong([...path, key], "duration")];
}

export function checkWorkflow(definition: Definition): Problem[] {
  const steps = allSteps(stepsOf(definition));
  const ids = new Map<string, LocatedStep>();
  const found = steps.flatMap((each) => {
    const first = ids.get(idOfStep(each.step));
    if (!first) ids.set(idOfStep(each.step), each);
    return first && idOfStep(each.step) !== "" ? [wrong([...each.path, "id"], "double", { id: idOfStep(each.step) })] : [];
  });
  return [
    ...absent(definition, [], "name", "steps"),
    ...checkTrigger((definition["trigger"] ?? {}) as Step, ["trigger"]),
    ...checkStart(definition),
    ...found,
    ...steps.flatMap((each) => [...checkId(each), ...checkWays(each, ids), ...checkReach(each, steps), ...checkStep(each, ids)]),
  ];
}

function checkStart(definition: Definition): Problem[] {
  const trigger = (definition["trigger"] ?? {}) as Step;
  const context = names(definition["context"]);
  const both = names(definition["inputs"]).filter((name) => context.includes(name)).map((name) => wrong(["inputs", name], "alsoContext"));
  const lonely = !isEmpty(definition["cancel_when"]) && isEmpty(trigger["entity"]) ? [wrong(["cancel_when"], "noEntity")] : [];
  return [...both, ...lonely];
}

function checkTrigger(trigger: Step, path: Path): Problem[] {
  switch (trigger.type) {
    case "state_change":
      return absent(trigger, path, "entity", "field", "to");
    case "event":
      return absent(trigger, path, "event");
    case "schedule": {
      const parts = String(trigger["cron"] ?? "").trim().split(/\s+/).length;
      const cron = isEmpty(trigger["cron"]) ? [missing([...path, "cron"])] : parts === 5 || parts === 6 ? [] : [wrong([...path, "cron"], "cron")];
      return [...cron, ...(trigger["filter"] !== undefined && isEmpty(trigger["entity"]) ? [wrong([...path, "filter"], "noEntity")] : [])];
    }
    case "manual":
      return checkForm(trigger, path);
    default:
      return absent(trigger, path, "type", "entity");
  }
}

/** Fields of a form: each with a name of its own, and a type. */
export function checkForm(holder: Step, path: Path): Problem[] {
  const form = rows(holder["form"]);
  return form.flatMap((field, at) => {
    const isDouble = form.findIndex((other) => other["name"] === field["name"]) < at && !isEmpty(field["name"]);
    return [...absent(field, [...path, "form", at], "name", "type"), ...(isDouble ? [wrong([...path, "form", at, "name"], "double", { id: String(field["name"]) })] : [])];
  });
}

function checkId({ step, path, around }: LocatedStep): Problem[] {
  const id = idOfStep(step);
  if (id === "") return [missing([...path, "id"])];
  if (id === END) return [wrong([...path, "id"], "calledEnd")];
  const holds = step.type === "parallel" || step.type === "loop";
  return [...(holds && id.includes("/") ? [wrong([...path, "id"], "slash")] : []), ...(around.length > 12 ? [wrong(path, "tooDeep")] : [])];
}

function checkWays({ step, path, siblings }: LocatedStep, ids: Map<string, LocatedStep>): Problem[] {
  return waysOf(step)
    .filter(({ to }) => to !== END && !siblings.includes(to))
    .map(({ key, to }) => {
      const at = [...path, ...key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))];
      return to === "" ? missing(at) : wrong(at, ids.has(to) ? "otherList" : "unknownStep", { id: to });
    });
}

/** A step that nothing leads to is never run: the first of a list is, and what an approval returns to. */
function checkReach(here: LocatedStep, steps: LocatedStep[]): Problem[] {
  if (here.path.at(-1) === 0) return [];
  const id = idOfStep(here.step);
  const list = here.path.slice(0, -1).join();
  const leads = steps.some(({ step, path }) => step !== here.step && ((path.slice(0, -1).join() === list && waysOf(step).some((way) => way.to === id)) || rows(step["returns_to"]).includes(id as never)));
  return leads || id === "" ? [] : [{ path: here.path, word: "unreached", kind: "doubtful" }];
}

function checkStep({ step, path, siblings, around }: LocatedStep, ids: Map<string, LocatedStep>): Problem[] {
  switch (step.type) {
    case "action":
      return rows(step["actions"]).flatMap((action, at) => checkAction(action, [...path, "actions", at]));
    case "condition":
      if (step["branches"] === undefined) return absent(step, path, "expression");
      return isEmpty(step["branches"]) ? [missing([...path, "branches"])] : rows(step["branches"]).flatMap((branch, at) => absent(branch, [...path, "branches", at], "when"));
    case "set":
      return names(step["values"]).length === 0 ? [missing([...path, "values"])] : names(step["values"]).flatMap((name) => absent(step["values"] as Step, [...path, "values"], name));
    case "wait":
      return checkWait(step, path);
    case "sub_workflow":
      return absent(step, path, "workflow");
    case "loop":
      return absent(step, path, "over", "steps");
    case "parallel":
      return checkParallel(step, path);
    case "approval":
      return checkApproval(step, path, [...siblings, ...around.flatMap((outer) => outer.siblings)], ids);
    default:
      return [wrong([...path, "type"], "unknownType")];
  }
}

function checkWait(step: Step, path: Path): Problem[] {
  const given = ["for", "until", "event"].filter((key) => step[key] !== undefined);
  if (given.length !== 1) return [wrong(path, "oneWait")];
  const event = given[0] === "event" ? absent((step["event"] ?? {}) as Step, [...path, "event"], "name") : absent(step, path, given[0]!);
  return [...event, ...duration(step, path, "for"), ...duration(step, path, "timeout")];
}

function checkParallel(step: Step, path: Path): Problem[] {
  const lists = innerLists(step, path);
  const quorum = (step["join"] as Step | undefined)?.["quorum"];
  return [
    ...(lists.length === 0 ? [missing([...path, "branches"])] : []),
    ...lists.flatMap((list) => [...(list.steps.length === 0 ? [missing(list.path)] : []), ...(list.name.includes("/") ? [wrong([...path, "branches", list.name], "slash")] : [])]),
    ...(typeof quorum === "number" && quorum > lists.length ? [wrong([...path, "join", "quorum"], "quorum", { most: lists.length })] : []),
  ];
}

const REQUIRED: Record<(typeof ACTION_TYPES)[number], string[]> = {
  set_field: ["entity", "record_id", "field"], create_record: ["entity"], update_record: ["entity", "record_id"], delete_record: ["entity", "record_id"],
  transition: ["entity", "record_id", "to"], webhook: ["url"], send_event: ["event"], send_notification: ["channel", "template", "to"],
  add_comment: ["entity", "record_id", "body"],
};

function checkAction(action: Step, path: Path): Problem[] {
  const required = REQUIRED[action.type as keyof typeof REQUIRED];
  return required ? absent(action, path, ...required) : absent(action, path, "type");
}

const WHO = ["role", "user", "path", "expression"];

function checkSeat(seat: Step, path: Path): Problem[] {
  const given = WHO.filter((key) => seat[key] !== undefined);
  return given.length === 1 ? absent(seat, path, given[0]!) : [wrong(path, "oneWho")];
}

function checkApproval(step: Step, path: Path, reachable: string[], ids: Map<string, LocatedStep>): Problem[] {
  const seats = step["approvers"] === undefined ? undefined : rows(step["approvers"]);
  const quorum = (step["mode"] as Step | undefined)?.["quorum"];
  const most = Math.max(seats?.length ?? 0, 1);
  const tooMany = typeof quorum === "number" && quorum > most && !seats?.some((seat) => seat["each"] === true);
  const isApproval = (name: unknown) => name === "initiator" || (name !== step.id && ids.get(String(name))?.step.type === "approval");
  return [
    ...(seats?.length === 0 ? [missing([...path, "approvers"])] : []),
    ...(seats ?? []).flatMap((seat, at) => checkSeat(seat, [...path, "approvers", at])),
    ...(step["assignee"] === undefined ? [] : absent(step["assignee"] as Step, [...path, "assignee"], "role")),
    ...(tooMany ? [wrong([...path, "mode", "quorum"], "seatQuorum", { most })] : []),
    ...rows(step["separation"]).flatMap((name, at) => (isApproval(name) ? [] : [wrong([...path, "separation", at], "noApproval", { id: String(name) })])),
    ...rows(step["returns_to"]).flatMap((name, at) => (String(name) !== step.id && reachable.includes(String(name)) ? [] : [wrong([...path, "returns_to", at], "noReturn", { id: String(name) })])),
    ...rows(step["escalation"]).flatMap((rung, at) => [...absent(rung, [...path, "escalation", at], "after"), ...duration(rung, [...path, "escalation", at], "after"), ...checkSeat((rung["to"] ?? {}) as Step, [...path, "escalation", at, "to"])]),
    ...rows(step["reminders"]).flatMap((each, at) => (secondsOf(each) ? [] : [wrong([...path, "reminders", at], "duration")])),
    ...duration(step, path, "timeout"),
    ...checkForm(step, path),
  ];
}
