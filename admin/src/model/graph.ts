/** Graphs of boxes and arrows, and where they stand on a page. Pure; dagre does the layout. */

import { Graph as Layout, layout } from "@dagrejs/dagre";

export interface GraphNode {
  id: string;
  label: string;
  /** A second line. */
  sub?: string;
  /** Further lines, as the fields of an entity. */
  lines?: string[];
  tone?: "plain" | "start" | "end" | "current" | "done" | "failed" | "skipped";
  /** Where a click leads to, in the app. */
  link?: string;
  /** The group that it stands in. */
  group?: string;
  /** A note at its corner, such as a number of problems. */
  badge?: string;
  /** How much it stands out, from 0 to 1: the fuller its colour. */
  heat?: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  label?: string;
  /** What names it to those who draw the graph. */
  id?: string;
  /** Whether it has been gone; undefined where that has no meaning. */
  taken?: boolean;
}

/** A frame around boxes. It may stand in another one. */
export interface GraphGroup {
  id: string;
  label: string;
  group?: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  groups?: GraphGroup[];
}

export interface PlacedNode extends GraphNode {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedEdge extends GraphEdge {
  points: { x: number; y: number }[];
  at: { x: number; y: number };
}

export interface PlacedGroup extends GraphGroup {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Placed {
  width: number;
  height: number;
  groups: PlacedGroup[];
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

const CHARACTER = 7.6;
const LINE = 18;
const PADDING = 12;

function sizeOf(node: GraphNode): { width: number; height: number } {
  const texts = [node.label, node.sub ?? "", ...(node.lines ?? [])];
  const longest = Math.max(...texts.map((text) => text.length));
  return {
    width: Math.max(64, longest * CHARACTER + 2 * PADDING),
    height: texts.filter((text, at) => at === 0 || text !== "").length * LINE + PADDING,
  };
}

/** What can be drawn of a graph that is still being typed: each named box once, and the arrows between those. */
function drawable({ nodes, edges, groups = [] }: Graph): Required<Graph> {
  const byId = new Map(nodes.filter((node) => node.id !== "").map((node) => [node.id, node]));
  const framed = new Map(groups.map((group) => [group.id, group]));
  return { nodes: [...byId.values()], edges: edges.filter((edge) => byId.has(edge.from) && byId.has(edge.to)), groups: [...framed.values()] };
}

type Box = { x: number; y: number; width: number; height: number };
const cornered = ({ x, y, width, height }: Box): Box => ({ x: x - width / 2, y: y - height / 2, width, height });

/** Boxes in layers, arrows between them. Several arrows may connect the same two boxes, and a box itself. */
export function place(given: Graph, direction: "LR" | "TB" = "LR"): Placed {
  const { nodes, edges, groups } = drawable(given);
  const graph = new Layout({ multigraph: true, compound: groups.length > 0 });
  graph.setGraph({ rankdir: direction, nodesep: 28, ranksep: 64, edgesep: 18, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const group of groups) graph.setNode(group.id, {});
  for (const node of nodes) graph.setNode(node.id, { ...sizeOf(node) });
  for (const each of [...groups, ...nodes]) if (each.group !== undefined && graph.hasNode(each.group)) graph.setParent(each.id, each.group);
  edges.forEach((edge, at) => {
    const width = (edge.label ?? "").length * 6.4;
    graph.setEdge(edge.from, edge.to, { width, height: edge.label ? 14 : 0, labelpos: "c" }, String(at));
  });
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    groups: groups.map((group) => ({ ...group, ...cornered(graph.node(group.id) as Box) })),
    nodes: nodes.map((node) => ({ ...node, ...cornered(graph.node(node.id) as Box) })),
    edges: edges.map((edge, at) => {
      const found = graph.edge({ v: edge.from, w: edge.to, name: String(at) }) as { points: { x: number; y: number }[]; x?: number; y?: number };
      const middle = found.points[Math.floor(found.points.length / 2)]!;
      return { ...edge, points: found.points, at: { x: found.x ?? middle.x, y: found.y ?? middle.y } };
    }),
  };
}
