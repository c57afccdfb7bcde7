import { describe, expect, test } from "vitest";
import { place } from "./graph";
import { type Definition, STEP_TYPES, allSteps, idOfStep, stepsOf, waysOf } from "./workflow";
import { checkWorkflow, secondsOf } from "./workflow-check";
import { differences } from "./workflow-diff";
import { addAfter, addBefore, addStep, duplicateStep, moveAfter, moveInto, moveStep, removeStep, retypeStep } from "./workflow-edit";
import { END, ROOT } from "./workflow";
import { edgeId, readEdge, workflowGraph } from "./workflow-graph";
import { pathsOf, stepNames } from "./workflow-names";
import { renameStep, renameValue, renamedPath } from "./workflow-rename";

const go = (to: string) => (to === END ? END : { goto: to });
const order = (): Definition => ({
  name: "purchase",
  trigger: { type: "record_created", entity: "order" },
  context: { amount: "record.amount" },
  steps: [
    { id: "manager", type: "approval", approvers: [{ path: "record.manager_id" }], form: [{ name: "reason", type: "text", required: "reject" }], on_approve: go("large"), on_reject: END },
    { id: "large", type: "condition", expression: 'context.amount > 100 && steps.manager.form.reason != ""', on_true: go("both"), on_false: END },
    {
      id: "both", type: "parallel", join: "all",
      branches: {
        finance: { steps: [{ id: "finance", type: "approval", approvers: [{ role: "finance", each: true }], mode: { quorum: 2 }, separation: ["initiator", "manager"], returns_to: ["manager"] }] },
        stock: { steps: [{ id: "note", type: "action", actions: [{ type: "add_comment", entity: "order", record_id: "trigger.record_id", body: "By {{ steps.manager.by }}" }] }] },
      },
    },
  ],
});
const ids = (definition: Definition) => allSteps(stepsOf(definition)).map(({ step }) => idOfStep(step));
const ways = (definition: Definition) => allSteps(stepsOf(definition)).flatMap(({ step }) => waysOf(step).map((way) => `${idOfStep(step)} ${way.key} ${way.to}`));

/** No way leads out of its list, and ids are unique: what every edit must keep. */
function expectWhole(definition: Definition) {
  const wrong = checkWorkflow(definition).filter((problem) => ["double", "otherList", "unknownStep", "noApproval", "noReturn"].includes(problem.word));
  expect(wrong).toEqual([]);
}

describe("edits keep ways whole", () => {
  test("a step is put on a way, before a step, and at the end of a list", () => {
    const after = addAfter(order(), ["steps", 0], "wait", "on_reject");
    expect(after.path).toEqual(["steps", 1]);
    expect(ways(after.definition)).toContain("manager on_reject wait");
    const before = addBefore(after.definition, ["steps", 2], "set");
    expect(ways(before.definition)).toEqual(expect.arrayContaining(["manager on_approve set", "set then large"]));
    const end = addStep(before.definition, ["steps", 4, "branches", "stock", "steps"], "loop");
    expect(end.path).toEqual(["steps", 4, "branches", "stock", "steps", 1]);
    expect(ways(end.definition)).toContain("note then loop");
    expectWhole(end.definition);
  });

  test("what led to a removed step leads to where it went on", () => {
    const without = removeStep(order(), ["steps", 1]);
    expect(ways(without)).toContain("manager on_approve both");
    expectWhole(without);
    expectWhole(removeStep(order(), ["steps", 0]));
  });

  test("a copy has ids of its own, inside too", () => {
    const { definition } = duplicateStep(order(), ["steps", 2]);
    expect(ids(definition)).toEqual(["manager", "large", "both", "finance", "note", "both_copy", "finance_copy", "note_copy"]);
    expect(ways(definition)).toContain("both then both_copy");
    expectWhole(definition);
  });

  test("a step is moved along its list, onto a way, and into a branch, but not into itself", () => {
    expect(moveStep(order(), ["steps", 0], 1).path).toEqual(["steps", 1]);
    const inside = moveInto(order(), ["steps", 1], ["steps", 2, "branches", "stock", "steps"])!;
    expect(inside.path).toEqual(["steps", 1, "branches", "stock", "steps", 1]);
    expect(ways(inside.definition)).toEqual(expect.arrayContaining(["manager on_approve both", "note then large", "large on_true end"]));
    expect(moveInto(order(), ["steps", 2], ["steps", 2, "branches", "stock", "steps"])).toBeUndefined();
    expect(moveAfter(order(), ["steps", 2], ["steps", 2, "branches", "stock", "steps", 0])).toBeUndefined();
    const out = moveAfter(order(), ["steps", 2, "branches", "stock", "steps", 0], ["steps", 0], "on_reject")!;
    expect(ways(out.definition)).toContain("manager on_reject note");
    expectWhole(inside.definition);
    expectWhole(out.definition);
  });

  test.each(STEP_TYPES)("a step becomes one of type %s and goes on as before", (type) => {
    const changed = retypeStep(order(), ["steps", 1], type);
    expect(waysOf(stepsOf(changed)[1]!)[0]!.to).toBe("both");
    expectWhole(addStep(changed, ROOT, type).definition);
  });
});

describe("a new name is followed", () => {
  test("gotos, separations, returns, expressions and templates follow a step", () => {
    const renamed = renameStep(order(), ["steps", 0], "boss");
    expect(JSON.stringify(renamed)).not.toContain('manager"');
    expect(JSON.stringify(renamed)).toContain("By {{ steps.boss.by }}");
    expect(stepsOf(renamed)[1]!["expression"]).toContain("steps.boss.form.reason");
    expect(JSON.stringify(renamed)).toContain("record.manager_id");
    expectWhole(renamed);
  });

  test("one of two of the same name is renamed alone", () => {
    const double: Definition = { steps: [{ id: "a", type: "action", on_failure: go("a") }, { id: "a", type: "action" }] };
    expect(stepsOf(renameStep(double, ["steps", 1], "b")).map(idOfStep)).toEqual(["a", "b"]);
  });

  test("names that are no words are quoted in expressions and not in paths", () => {
    expect(renamedPath("steps.a.by == 1 && mysteps.a && steps.ab", "steps", "a", "b c")).toBe('steps["b c"].by == 1 && mysteps.a && steps.ab');
    expect(renamedPath("steps.a.by", "steps", "a", "b-c")).toBe("steps.b-c.by");
    expect(renamedPath('steps["a b"].by', "steps", "a b", "c")).toBe("steps.c.by");
  });

  test("expressions follow a value of the context, which keeps its place", () => {
    const renamed = renameValue({ ...order(), context: { amount: "record.amount", other: "record.id" } }, ["context"], "amount", "total");
    expect(Object.keys(renamed["context"] as object)).toEqual(["total", "other"]);
    expect(stepsOf(renamed)[1]!["expression"]).toContain("context.total > 100");
  });
});

describe("what is wrong is said at its key", () => {
  const said = (definition: Definition) => checkWorkflow(definition).map((problem) => `${problem.path.join(".")} ${problem.word}`);

  test("a whole definition has no problem", () => expect(said(order())).toEqual([]));

  test("ways out of the list, unknown steps, quorums, empty branches, times, and steps that nothing leads to", () => {
    const definition = order();
    const [manager, large, both] = stepsOf(definition);
    const bad = {
      ...definition, name: "",
      steps: [
        { ...manager, on_reject: go("note"), timeout: "3 days", mode: { quorum: 2 } },
        { ...large, on_true: END, on_false: go("gone") },
        { ...both, branches: { finance: { steps: [] } }, join: { quorum: 2 } },
        { id: "end", type: "wait", for: "1h", until: "record.at" },
      ],
    };
    expect(said(bad)).toEqual(expect.arrayContaining([
      " missing".replace(" ", "name "), "steps.0.on_reject unknownStep", "steps.0.timeout duration", "steps.0.mode.quorum seatQuorum", "steps.1.on_false unknownStep",
      "steps.2 unreached", "steps.2.branches.finance.steps missing", "steps.2.join.quorum quorum", "steps.3.id calledEnd", "steps.3 oneWait",
    ]));
    expect(said({ ...definition, steps: [{ ...manager, on_reject: go("note"), on_approve: END }, both] })).toContain("steps.0.on_reject otherList");
  });

  test("times are read as the server reads them", () => {
    expect(["72h", "1h30m", "1s", "", "0s", "1d", "999999h"].map(secondsOf)).toEqual([259_200, 5_400, 1, undefined, undefined, undefined, undefined]);
  });
});

test("a graph has a box for every step, frames for what steps hold, and an arrow that names each way", () => {
  const looks = { label: idOfStep, sub: () => "", way: (key: string) => key, end: "End", start: "Start" };
  const graph = workflowGraph(stepsOf(order()), looks);
  expect(graph.groups!.map((group) => group.label)).toEqual(["", "finance", "stock"]);
  const reject = graph.edges.find((edge) => edge.id === edgeId(["steps", 0], "on_reject"))!;
  expect([reject.from, reject.to]).toEqual(["manager", END]);
  expect(readEdge(reject.id!)).toEqual({ path: ["steps", 0], key: "on_reject" });
  const placed = place(graph, "TB");
  expect(placed.nodes.every((node) => Number.isFinite(node.x) && Number.isFinite(node.y))).toBe(true);
  expect(placed.groups.every((group) => group.width > 0)).toBe(true);
  const empty = addStep({ steps: [] }, ROOT, "parallel").definition;
  expect(place(workflowGraph(stepsOf(empty), looks)).nodes).toHaveLength(4);
});

test("texts see outputs of steps, forms, and in a loop the item", () => {
  const looped = addStep(order(), ROOT, "loop");
  const inner = addStep(looped.definition, [...looped.path, "steps"], "action");
  const here = allSteps(stepsOf(inner.definition)).at(-1)!;
  const entity = { name: "order", fields: [{ name: "amount", type: "decimal" }], relations: [], soft_delete: false };
  const paths = pathsOf(stepNames(inner.definition, { version: 1, entities: [entity] as never }, here));
  expect(paths).toEqual(expect.arrayContaining(["context.amount", "record.amount", "steps.manager.form.reason", "initiator.email", "item", "trigger.record_id"]));
  expect(paths).not.toContain("steps.action");
});

test("a difference is told by step and key; a moved step is told once", () => {
  const before = order();
  const after = renameStep(moveInto(before, ["steps", 1], ["steps", 2, "branches", "stock", "steps"])!.definition, ["steps", 0], "boss");
  const told = differences(before, { ...after, name: "purchases" });
  expect(told).toEqual(expect.arrayContaining([
    { step: "", kind: "changed", key: "name", before: "purchase", after: "purchases" },
    { step: "boss", kind: "added", key: "", after: "approval" },
    { step: "manager", kind: "removed", key: "", before: "approval" },
    expect.objectContaining({ step: "large", kind: "moved" }),
    expect.objectContaining({ step: "finance", kind: "changed", key: "separation.1", before: "manager", after: "boss" }),
  ]));
  expect(differences(before, before)).toEqual([]);
});
