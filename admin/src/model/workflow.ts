/** A workflow's definition as a graph. Pure. */

import type { Graph, GraphEdge } from "./graph";

export interface Step {
  id?: unknown;
  type?: unknown;
  [key: string]: unknown;
}

const END = "end";
const TARGETS: Record<string, string[]> = {
  action: ["then"],
  condition: ["on_true", "on_false"],
  approval: ["on_approve", "on_reject", "on_timeout"],
};

/** The keys of a step that lead on. */
export function targetsOf(type: unknown): string[] {
  return TARGETS[String(type)] ?? [];
}

/** The step that a target leads to; `end` where it says so or says nothing. */
export function targetStep(target: unknown): string {
  if (target !== null && typeof target === "object" && "goto" in target) return String((target as { goto: unknown }).goto);
  return END;
}

/** Steps as nodes, targets as edges. A timeout that can't happen is left out. */
export function workflowGraph(steps: Step[]): Graph {
  const ids = steps.map((step) => String(step.id ?? ""));
  const edges: GraphEdge[] = steps.flatMap((step) =>
    targetsOf(step.type)
      .filter((key) => key !== "on_timeout" || step["timeout"])
      .map((key) => ({ from: String(step.id ?? ""), to: targetStep(step[key]), label: key === "then" ? "" : key.replace("on_", "") })),
  );
  const nodes = steps.map((step, at) => ({
    id: String(step.id ?? ""),
    label: String(step.id ?? ""),
    sub: String(step.type ?? ""),
    tone: at === 0 ? ("start" as const) : ("plain" as const),
  }));
  const known = edges.filter((edge) => edge.to === END || ids.includes(edge.to));
  return { nodes: [...nodes, { id: END, label: END, tone: "end" as const }], edges: known };
}
