/** What a request has led to, as a picture: one box per effect, arrows from causes. Pure. */

import type { Graph, GraphNode } from "./graph";

export interface CausalityNode {
  id: string;
  kind: string;
  label: string;
  status: string;
  at: string | null;
  entity?: string;
  record_id?: string;
}

export interface Causality {
  nodes: CausalityNode[];
  edges: { from: string; to: string }[];
  truncated: boolean;
}

/** Effects of one kind and one cause that are drawn each by itself; more of them, if nothing follows from them, are one box. */
export const MAX_ALIKE = 8;
const FAILED = new Set(["error", "failed", "rejected", "cancelled", "timed_out"]);
const UNDER_WAY = new Set(["pending", "retrying", "running", "waiting"]);

export function isUnderWay({ nodes }: Causality): boolean {
  return nodes.some((node) => UNDER_WAY.has(node.status));
}

/** Where a box leads to, in the app. */
export function pathOf(app: string, node: CausalityNode): string | undefined {
  const own = node.id.slice(node.id.indexOf(":") + 1);
  if (node.kind === "request") return `/${app}/events/${own}`;
  if (node.kind === "delivery") return `/${app}/deliveries/${own}`;
  if (node.kind === "notification") return `/${app}/notifications`;
  if (node.kind.startsWith("workflow_")) return `/${app}/instances/${own.split("/")[0]}`;
  if (!node.entity || node.entity.startsWith("_") || !node.record_id) return undefined;
  return `/${app}/records/${node.entity}/${encodeURIComponent(node.record_id)}`;
}

export function toneOf(node: CausalityNode): NonNullable<GraphNode["tone"]> {
  if (FAILED.has(node.status)) return "failed";
  if (UNDER_WAY.has(node.status)) return "current";
  return node.kind === "request" ? "start" : "done";
}

interface Words {
  /** The second line of a box. */
  sub: (node: CausalityNode) => string;
  /** What stands for so many more of a kind. */
  more: (kind: string, count: number) => string;
}

export function drawnCausality(app: string, { nodes, edges }: Causality, { sub, more }: Words): Graph {
  const causeOf = new Map(edges.map((edge) => [edge.to, edge.from]));
  const causes = new Set(edges.map((edge) => edge.from));
  const alike = new Map<string, CausalityNode[]>();
  for (const node of nodes) {
    if (causes.has(node.id) || !causeOf.has(node.id) || FAILED.has(node.status)) continue;
    const key = `${causeOf.get(node.id)} ${node.kind}`;
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  const folded = new Set<string>();
  const drawn: Graph = { nodes: [], edges: [] };
  for (const [key, group] of alike) {
    if (group.length <= MAX_ALIKE) continue;
    const rest = group.slice(MAX_ALIKE - 1);
    for (const node of rest) folded.add(node.id);
    drawn.nodes.push({ id: `more ${key}`, label: more(rest[0]!.kind, rest.length), tone: "plain" });
    drawn.edges.push({ from: causeOf.get(rest[0]!.id)!, to: `more ${key}` });
  }
  for (const node of nodes) {
    if (folded.has(node.id)) continue;
    const link = pathOf(app, node);
    drawn.nodes.push({ id: node.id, label: shortened(node.label), sub: sub(node), tone: toneOf(node), ...(link ? { link } : {}) });
  }
  drawn.edges.push(...edges.filter((edge) => !folded.has(edge.to)));
  return drawn;
}

const MAX_LABEL = 44;

function shortened(text: string): string {
  return text.length <= MAX_LABEL ? text : `${text.slice(0, MAX_LABEL - 1)}…`;
}
