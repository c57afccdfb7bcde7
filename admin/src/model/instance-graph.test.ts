import { expect, test } from "vitest";
import { type InstanceGraph, drawnInstance, secondsOf, stepsOfGraph, withHeat } from "./instance-graph";
import { idOfStep, innerLists } from "./workflow";

const at = (second: number) => new Date(second * 1000).toISOString();
const edge = (from: string, label: string, to: string, taken = false) => ({ from, to, label, taken });
const graph: InstanceGraph = {
  nodes: [
    { id: "ask", type: "approval", status: "done", visits: 2, entered_at: at(10), left_at: at(30), seconds: 36 },
    { id: "size", type: "condition", status: "done", visits: 1, entered_at: at(30), left_at: at(30), seconds: 0 },
    { id: "both", type: "parallel", status: "waiting", visits: 1, entered_at: at(30) },
    { id: "no", type: "action", status: "skipped", visits: 0 },
    { id: "left", type: "approval", status: "done", visits: 1, parent: "both/a", entered_at: at(30), left_at: at(40), seconds: 10 },
    { id: "each", type: "loop", status: "failed", visits: 1, parent: "both/b", entered_at: at(30) },
    { id: "round", type: "wait", status: "open", visits: 0, parent: "each" },
    { id: "end", type: "end", status: "open", visits: 0 },
  ],
  edges: [
    edge("ask", "on_approve", "size", true), edge("ask", "on_reject", "no"), edge("ask", "on_timeout", "end"),
    edge("size", "branches.0.goto", "both", true), edge("size", "otherwise", "no"), edge("both", "then", "end"), edge("no", "then", "end"),
    edge("size", "returned", "ask", true),
  ],
};
const looks = { sub: (node: { type: string }) => node.type, way: (key: string) => key, end: "End", returned: "sent back" };

test("the lists and ways of a definition come from the graph of an instance", () => {
  const steps = stepsOfGraph(graph);
  expect(steps.map(idOfStep)).toEqual(["ask", "size", "both", "no"]);
  expect(steps[1]).toEqual({ id: "size", type: "condition", branches: [{ when: "", goto: "both" }], otherwise: { goto: "no" } });
  const inner = innerLists(steps[2]!, []);
  expect(inner.map((list) => [list.name, list.steps.map(idOfStep)])).toEqual([["a", ["left"]], ["b", ["each"]]]);
  expect(innerLists(inner[1]!.steps[0]!, []).flatMap((list) => list.steps.map(idOfStep))).toEqual(["round"]);
});

test("the picture says what was passed, and which ways were taken", () => {
  const { nodes, edges, groups } = drawnInstance(graph, looks);
  const tones = Object.fromEntries(nodes.map((node) => [node.id, node.tone]));
  expect(tones).toMatchObject({ ask: "done", both: "current", no: "skipped", each: "failed", round: "plain", end: "end" });
  const taken = edges.filter((each) => each.taken).map((each) => `${each.from} ${each.label} ${each.to}`);
  expect(taken).toEqual(["ask on_approve size", "size branches.0.goto both", "both  left", "both  each", "size sent back ask"]);
  expect(edges.find((each) => each.from === "ask" && each.label === "on_timeout")?.taken).toBe(false);
  // A branch's end may have been reached by either decision.
  expect(edges.filter((each) => each.from === "left").map((each) => each.taken)).toEqual([undefined, undefined]);
  expect(groups).toHaveLength(4);
  const over = drawnInstance({ ...graph, nodes: graph.nodes.map((node) => (node.id === "end" ? { ...node, status: "done" as const } : node)) }, looks);
  expect(over.nodes.find((node) => node.id === "end")?.tone).toBe("done");
});

test("time is that of all visits, until now where it waits, and colours the boxes", () => {
  const seconds = secondsOf(graph, 102_000);
  expect([...seconds]).toEqual([["ask", 36], ["size", 0], ["both", 72], ["left", 10], ["each", 0]]);
  const heat = new Map(withHeat(drawnInstance(graph, looks), seconds).nodes.map((node) => [node.id, node.heat]));
  expect([heat.get("both"), heat.get("ask"), heat.get("no")]).toEqual([1, 0.5, undefined]);
});
