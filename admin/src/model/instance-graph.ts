/** The way of an instance through its workflow, as the API tells it, on the picture of it. Pure. */

import type { Graph, GraphEdge, GraphNode } from "./graph";
import { END, ROOT, type Step, allSteps, idOfStep, valueAt } from "./workflow";
import { type Looks, readEdge, workflowGraph } from "./workflow-graph";

export interface InstanceNode {
  id: string;
  type: string;
  status: "open" | "waiting" | "done" | "skipped" | "failed";
  visits: number;
  /** The list that it stands in: `both/stock` of a branch, `each` of a loop. */
  parent?: string;
  entered_at?: string;
  left_at?: string;
  /** In all visits that have ended. */
  seconds?: number;
}

export interface InstanceGraph {
  nodes: InstanceNode[];
  edges: { from: string; to: string; label: string; taken: boolean }[];
}

const TONES: Record<InstanceNode["status"], NonNullable<GraphNode["tone"]>> = { open: "plain", waiting: "current", done: "done", skipped: "skipped", failed: "failed" };
const RETURNED = "returned";
const CHOICE = /^branches\.(\d+)\.goto$/;

/** The steps of an instance's definition, as far as its graph knows them: their lists and their ways. */
export function stepsOfGraph({ nodes, edges }: InstanceGraph): Step[] {
  const listed = (name: string) => nodes.filter((node) => (node.parent ?? "") === name && node.id !== END).map(stepOf);
  const branchesOf = (id: string) => {
    const names = new Set(nodes.map((node) => node.parent ?? "").filter((name) => name.startsWith(`${id}/`)));
    return Object.fromEntries([...names].map((name) => [name.slice(id.length + 1), { steps: listed(name) }]));
  };
  function stepOf(node: InstanceNode): Step {
    const step: Step = { id: node.id, type: node.type };
    for (const edge of edges) if (edge.from === node.id && edge.label !== RETURNED) lead(step, edge.label, edge.to);
    if (node.type === "loop") step["steps"] = listed(node.id);
    if (node.type === "parallel") step["branches"] = branchesOf(node.id);
    return step;
  }
  return listed("");
}

/** Put a way on a step. A way that only a deadline opens stands for the deadline. */
function lead(step: Step, key: string, to: string): void {
  const choice = CHOICE.exec(key);
  if (choice) {
    const branches = (step["branches"] ?? []) as unknown[];
    branches[Number(choice[1])] = { when: "", goto: to };
    step["branches"] = branches;
    return;
  }
  step[key] = to === END ? END : { goto: to };
  if (key === "on_timeout") Object.assign(step, { timeout: "given", ...(step.type === "wait" ? { event: {} } : {}) });
}

/** What the picture says of a step: its looks, and where it was entered and left. */
export interface InstanceLooks extends Omit<Looks, "node" | "sub" | "label"> {
  sub: (node: InstanceNode) => string;
  returned: string;
}

/** The picture of an instance: its steps by what has happened there, its ways by whether it took them. */
export function drawnInstance(graph: InstanceGraph, looks: InstanceLooks): Graph {
  const steps = stepsOfGraph(graph);
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const drawn = workflowGraph(steps, { ...looks, label: idOfStep, sub: (step) => looks.sub(byId.get(idOfStep(step))!), node: (step) => ({ tone: TONES[byId.get(idOfStep(step))!.status] }) });
  const isOver = byId.get(END)?.status === "done";
  const back = graph.edges.filter((edge) => edge.label === RETURNED).map((edge): GraphEdge => ({ from: edge.from, to: edge.to, label: looks.returned, taken: true }));
  return {
    ...drawn,
    nodes: drawn.nodes.map((node) => (node.id === END && isOver ? { ...node, tone: "done" } : node)),
    edges: [...drawn.edges.map((edge) => ({ ...edge, ...takenOf(edge, graph, steps, byId) })), ...back],
  };
}

/** Whether a way was taken. The graph of the API has no ways to the end of a branch, nor into one. */
function takenOf(edge: GraphEdge, { edges }: InstanceGraph, steps: Step[], byId: Map<string, InstanceNode>): { taken?: boolean } {
  if (edge.id === undefined) return { taken: (byId.get(edge.to)?.visits ?? 0) > 0 };
  const { path, key } = readEdge(edge.id);
  const from = idOfStep(valueAt({ steps }, path) as Step);
  const told = edges.find((each) => each.from === from && each.label === key);
  if (told) return { taken: told.taken };
  const siblings = edges.filter((each) => each.from === from && each.taken);
  const node = byId.get(from);
  // Of several ways to the end of a branch nobody knows which one it was.
  return node?.parent !== undefined && node.status === "done" && siblings.length === 0 ? {} : { taken: false };
}

/** The seconds that an instance has spent at each step until now. */
export function secondsOf({ nodes }: InstanceGraph, now: number): Map<string, number> {
  const spent = nodes.filter((node) => node.entered_at !== undefined).map((node): [string, number] => [node.id, (node.seconds ?? 0) + (node.status === "waiting" ? Math.max(0, (now - Date.parse(node.entered_at!)) / 1000) : 0)]);
  return new Map(spent);
}

/** Boxes whose colour says how much of the waiting time is theirs. */
export function withHeat(graph: Graph, seconds: ReadonlyMap<string, number>): Graph {
  const most = Math.max(0, ...seconds.values());
  if (most === 0) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => (seconds.has(node.id) ? { ...node, heat: seconds.get(node.id)! / most } : node)) };
}

/** The ids of all steps of a definition, by their types. */
export function typesOf(steps: Step[]): Map<string, string> {
  return new Map(allSteps(steps, ROOT).map(({ step }) => [idOfStep(step), String(step.type)]));
}
