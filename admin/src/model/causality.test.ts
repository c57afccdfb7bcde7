import { describe, expect, it } from "vitest";
import { type Causality, type CausalityNode, MAX_ALIKE, drawnCausality, isUnderWay, pathOf, toneOf } from "./causality";

const node = (id: string, kind: string, more: Partial<CausalityNode> = {}): CausalityNode => ({ id, kind, label: id, status: "ok", at: null, ...more });
const WORDS = { sub: (each: CausalityNode) => each.kind, more: (kind: string, count: number) => `${count} ${kind}` };

describe("the picture of causes", () => {
  it("leads from each box to what it stands for", () => {
    expect(pathOf("demo", node("request:t1", "request"))).toBe("/demo/events/t1");
    expect(pathOf("demo", node("delivery:d1", "delivery"))).toBe("/demo/deliveries/d1");
    expect(pathOf("demo", node("step:i1/2", "workflow_step"))).toBe("/demo/instances/i1");
    expect(pathOf("demo", node("commit:7", "commit", { entity: "deal", record_id: "a/b" }))).toBe("/demo/records/deal/a%2Fb");
    expect(pathOf("demo", node("commit:7", "comment", { entity: "_comments", record_id: "1" }))).toBeUndefined();
    expect(pathOf("demo", node("event:e", "event"))).toBeUndefined();
  });

  it("shows what failed and what goes on", () => {
    expect(toneOf(node("a", "delivery", { status: "failed" }))).toBe("failed");
    expect(toneOf(node("a", "delivery", { status: "retrying" }))).toBe("current");
    expect([toneOf(node("a", "request")), toneOf(node("a", "commit"))]).toEqual(["start", "done"]);
    const graph: Causality = { nodes: [node("a", "workflow_instance", { status: "running" })], edges: [], truncated: false };
    expect([isUnderWay(graph), isUnderWay({ ...graph, nodes: [] })]).toEqual([true, false]);
  });

  it("folds many alike into one box, but none that failed or has led on", () => {
    const effects = Array.from({ length: 20 }, (_, at) => node(`delivery:${at}`, "delivery"));
    effects[19] = node("delivery:19", "delivery", { status: "failed" });
    const graph: Causality = {
      nodes: [node("request:t", "request"), ...effects, node("commit:1", "commit")],
      edges: [...effects.map((each) => ({ from: "request:t", to: each.id })), { from: "delivery:18", to: "commit:1" }],
      truncated: false,
    };
    const drawn = drawnCausality("demo", graph, WORDS);
    const ids = drawn.nodes.map((each) => each.id);
    expect(ids).toContain("delivery:19");
    expect(ids).toContain("delivery:18");
    expect(drawn.nodes.find((each) => each.id.startsWith("more"))?.label).toBe(`${18 - (MAX_ALIKE - 1)} delivery`);
    expect(drawn.edges.every((edge) => ids.includes(edge.from) && ids.includes(edge.to))).toBe(true);
  });
});
