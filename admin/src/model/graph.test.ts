import { expect, test } from "vitest";
import { place } from "./graph";
import { machineGraph } from "./machine";
import { workflowGraph } from "./workflow";

test("a machine's states are boxes, its transitions arrows, one for each state before", () => {
  const graph = machineGraph("draft", [{ from: ["draft", "sent"], to: "void", roles: ["boss"], guard: "record.amount > 0" }, { from: "", to: "" }]);
  expect(graph.nodes.map((node) => [node.id, node.tone])).toEqual([["draft", "start"], ["sent", "plain"], ["void", "plain"]]);
  expect(graph.edges).toEqual([
    { from: "draft", to: "void", label: "boss ?" },
    { from: "sent", to: "void", label: "boss ?" },
  ]);
});

test("a workflow's targets are arrows; a target that is missing is the end, a timeout needs a time", () => {
  const steps = [
    { id: "ask", type: "approval", on_approve: { goto: "do" }, on_reject: "end", on_timeout: { goto: "do" } },
    { id: "do", type: "action" },
  ];
  expect(workflowGraph(steps).edges).toEqual([
    { from: "ask", to: "do", label: "approve" },
    { from: "ask", to: "end", label: "reject" },
    { from: "do", to: "end", label: "" },
  ]);
});

test("every box has a place, and parallel arrows stay apart", () => {
  const placed = place({ nodes: [{ id: "a", label: "a" }, { id: "b", label: "b" }], edges: [{ from: "a", to: "b", label: "x" }, { from: "a", to: "b", label: "y" }, { from: "a", to: "a" }] });
  const [a, b] = placed.nodes;
  expect(a!.x + a!.width).toBeLessThanOrEqual(b!.x);
  expect(placed.edges[0]!.at).not.toEqual(placed.edges[1]!.at);
  expect(placed.edges.every((edge) => edge.points.length > 1)).toBe(true);
});

test("a graph that is still being typed is drawn as far as it goes", () => {
  const steps = [{ id: "ask", type: "approval", on_approve: { goto: "" } }, { id: "", type: "action" }, { id: "ask", type: "condition" }];
  const placed = place(workflowGraph(steps));
  expect(placed.nodes.map((node) => node.id)).toEqual(["ask", "end"]);
  expect(place({ nodes: [{ id: "a", label: "a" }], edges: [{ from: "a", to: "gone" }] }).edges).toEqual([]);
});
