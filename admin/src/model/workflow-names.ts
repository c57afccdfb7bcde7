/** What the texts of a workflow can read where they stand. Pure. */

import type { Names, Seen } from "./expressions";
import { namesOf } from "./expressions";
import type { AppSchema } from "./schema";
import { type Definition, type LocatedStep, type Step, allSteps, contextOf, idOfStep, stepsOf } from "./workflow";

const PERSON: Seen = { type: "user", members: { id: { type: "string" }, email: { type: "string" }, roles: { type: "list" } } };
const EVENT: Seen = {
  type: "event",
  members: { action: { type: "string" }, entity: { type: "string" }, record_id: { type: "string" }, metadata: { type: "json" }, user_id: { type: "string" } },
};
const NOW: Seen = { type: "timestamp" };

export function entityOf(definition: Definition): unknown {
  return ((definition["trigger"] ?? {}) as Definition)["entity"];
}

function recordOf(definition: Definition, schema: AppSchema): Seen | undefined {
  return namesOf("visibility", schema, entityOf(definition))["record"];
}

/** What the condition of a trigger sees. */
export function triggerNames(definition: Definition, schema: AppSchema): Names {
  const type = ((definition["trigger"] ?? {}) as Definition)["type"];
  if (type === "event") return { event: EVENT, now: NOW };
  const record = recordOf(definition, schema) ?? {};
  return { record, old: record, now: NOW };
}

/** What `cancel_when` sees: the record after a commit. */
export function cancelNames(definition: Definition, schema: AppSchema): Names {
  return { record: recordOf(definition, schema) ?? {}, now: NOW };
}

/** What a step sees: the context, the record, what started it, who did, outputs of other steps, an item in a loop. */
export function stepNames(definition: Definition, schema: AppSchema, here?: LocatedStep): Names {
  const context = Object.fromEntries(contextOf(definition).map((name): [string, Seen] => [name, {}]));
  const steps = allSteps(stepsOf(definition)).filter(({ step }) => step !== here?.step && idOfStep(step) !== "");
  const outputs = Object.fromEntries(steps.map(({ step }): [string, Seen] => [idOfStep(step), { type: String(step.type), members: outputOf(step) }]));
  const entity = entityOf(definition);
  const record = entity ? recordOf(definition, schema) : undefined;
  const inLoop = here?.around.some(({ step }) => step.type === "loop") ?? false;
  const items: Names = inLoop ? { item: {}, index: { type: "int" } } : {};
  return {
    context: { members: context },
    ...(record ? { record } : {}),
    trigger: { members: triggerOf(definition, record) },
    initiator: PERSON,
    steps: { members: outputs },
    ...items,
    now: NOW,
  };
}

function triggerOf(definition: Definition, record: Seen | undefined): Names {
  const trigger = (definition["trigger"] ?? {}) as Definition;
  const about: Names = record ? { record_id: { type: "string" }, record } : {};
  if (trigger["type"] === "event") return { event: EVENT };
  if (trigger["type"] !== "manual") return record ? { ...about, old: record } : about;
  const form = ((trigger["form"] ?? []) as Step[]).map((field): [string, Seen] => [String(field["name"]), { type: String(field["type"]) }]);
  return { ...about, form: { members: Object.fromEntries(form) } };
}

function outputOf(step: Step): Names {
  switch (step.type) {
    case "action":
      return { record_id: { type: "string" }, record: { type: "json" }, response: { members: { status: { type: "int" }, body: { type: "json" } } } };
    case "condition":
      return { result: {} };
    case "set":
      return Object.fromEntries(Object.keys((step["values"] ?? {}) as object).map((name): [string, Seen] => [name, {}]));
    case "approval": {
      const form = ((step["form"] ?? []) as Step[]).map((field): [string, Seen] => [String(field["name"]), { type: String(field["type"]) }]);
      return {
        decision: { type: "string", values: ["approved", "rejected", "timed_out"] }, by: { type: "string" }, comment: { type: "string" },
        form: { members: Object.fromEntries(form) }, seats: { type: "list" },
      };
    }
    case "wait":
      return { event: EVENT, timed_out: { type: "boolean" } };
    case "parallel":
      return Object.fromEntries(Object.keys((step["branches"] ?? {}) as object).map((name): [string, Seen] => [name, {}]));
    case "sub_workflow":
      return { instance_id: { type: "string" }, status: { type: "string" }, context: { type: "json" } };
    case "loop":
      return { items: { type: "list" } };
    default:
      return {};
  }
}

const MAX_DEPTH = 4;

/** Names as plain paths, for inputs that take one: `record.amount`, `steps.check.form.reason`. */
export function pathsOf(names: Names, before = "", depth = 0): string[] {
  if (depth >= MAX_DEPTH) return [];
  return Object.entries(names).flatMap(([name, seen]) => {
    const path = before === "" ? name : `${before}.${name}`;
    const inner = seen.members ? pathsOf(seen.members, path, depth + 1) : [];
    return seen.members && depth === 0 && name !== "record" ? inner : [path, ...inner];
  });
}
