import { expect, test } from "vitest";
import { place } from "./graph";
import { machineGraph } from "./machine";

test("a machine's states are boxes, its transitions arrows, one for each state before", () => {
  const graph = machineGraph("draft", [{ from: ["draft", "sent"], to: "void", roles: ["boss"], guard: "record.amount > 0" }, { from: "", to: "" }]);
  expect(graph.nodes.map((node) => [node.id, node.tone])).toEqual([["draft", "start"], ["sent", "plain"], ["void", "plain"]]);
  expect(graph.edges).toEqual([
    { from: "draft", to: "void", label: "boss ?" },
    { from: "sent", to: "void", label: "boss ?" },
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
  const placed = place({ nodes: [{ id: "a", label: "a" }, { id: "", label: "" }, { id: "a", label: "b" }], edges: [{ from: "a", to: "gone" }] });
  expect(placed.nodes.map((node) => node.label)).toEqual(["b"]);
  expect(placed.edges).toEqual([]);
});

test("frames stand around their boxes, one in another", () => {
  const nodes = [{ id: "a", label: "a" }, { id: "b", label: "b", group: "in" }, { id: "c", label: "c", group: "in" }, { id: "d", label: "d" }];
  const groups = [{ id: "out", label: "" }, { id: "in", label: "left", group: "out" }];
  const placed = place({ nodes, edges: [{ from: "a", to: "b" }, { from: "b", to: "c" }, { from: "c", to: "d" }], groups });
  const [outer, inner] = placed.groups;
  const box = placed.nodes.find((node) => node.id === "b")!;
  expect(inner!.x).toBeLessThan(box.x);
  expect(inner!.y + inner!.height).toBeGreaterThan(box.y + box.height);
  expect(outer!.x).toBeLessThanOrEqual(inner!.x);
});
