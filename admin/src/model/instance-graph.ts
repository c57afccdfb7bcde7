/** The way of an instance through its workflow, on the picture of it. Pure. */

import type { Graph, GraphNode } from "./graph";
import type { Instance } from "./tasks";

export interface Visit {
  visits: number;
  /** Seconds from the entry before to the end of each visit, in all. */
  seconds: number;
  status: string;
}

const ENDS = new Set(["completed", "approved", "rejected", "timed_out", "on_true", "on_false", "skipped", "failed", "cancelled"]);

/** What the history says of each step. Entries that tell of a part of a visit, as a seat's decision, count for no visit. */
export function visitsOf(instance: Pick<Instance, "history" | "created_at">): Map<string, Visit> {
  const found = new Map<string, Visit>();
  let before = Date.parse(instance.created_at);
  for (const entry of instance.history) {
    const at = Date.parse(entry.at);
    if (entry.step !== null && (ENDS.has(entry.status) || entry.status.startsWith("branch"))) {
      const known = found.get(entry.step) ?? { visits: 0, seconds: 0, status: "" };
      found.set(entry.step, { visits: known.visits + 1, seconds: known.seconds + Math.max(0, (at - before) / 1000), status: entry.status });
    }
    before = at;
  }
  return found;
}

/** How a box looks after the visits of its step. */
export function toneOf(step: string, instance: Pick<Instance, "status" | "current_steps" | "failed">, visits: Map<string, Visit>): NonNullable<GraphNode["tone"]> {
  if (instance.failed?.step === step && instance.status === "failed") return "failed";
  if (instance.status === "running" && instance.current_steps.includes(step)) return "current";
  return visits.has(step) ? "done" : "skipped";
}

/** Boxes whose colour says how much of the waiting time is theirs. */
export function withHeat(graph: Graph, seconds: Map<string, number>): Graph {
  const most = Math.max(0, ...seconds.values());
  if (most === 0) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => (seconds.has(node.id) ? { ...node, heat: seconds.get(node.id)! / most } : node)) };
}
