/** A workflow's steps as a graph: what a step holds stands in frames, with a box where its branches meet again. Pure. */

import type { Graph, GraphEdge, GraphGroup, GraphNode } from "./graph";
import { END, ROOT, type LocatedStep, type Path, type Step, idOfStep, innerLists, waysOf } from "./workflow";

export const START = "\u0000start";
const JOIN = "\u0000join";

/** What a step's box says, and how it stands out. */
export interface Looks {
  label: (step: Step) => string;
  sub: (step: Step) => string;
  way: (key: string, step: Step) => string;
  end: string;
  /** What starts it, for a box before the first step. */
  start?: string;
  join?: (step: Step) => string;
  branch?: (name: string, step: Step) => string;
  node?: (step: Step, path: Path) => Partial<GraphNode>;
}

/** The name of the box of a step: its id, or its place while it has none. */
export const nodeOf = (step: Step, path: Path): string => idOfStep(step) || path.join(".");
/** The path and the key of the way that an edge stands for. */
export const edgeId = (path: Path, key: string): string => JSON.stringify([path, key]);

export function readEdge(id: string): { path: Path; key: string } {
  const [path, key] = JSON.parse(id) as [Path, string];
  return { path, key };
}

class Drawing {
  readonly nodes: GraphNode[] = [];
  readonly edges: GraphEdge[] = [];
  readonly groups: GraphGroup[] = [];

  constructor(readonly looks: Looks) {}

  /** Draw a list; answers its first box, and what its end is called. */
  list(steps: Step[], path: Path, end: string, group?: string): string {
    const ids = new Map(steps.map((step, at) => [idOfStep(step), nodeOf(step, [...path, at])]));
    steps.forEach((step, at) => {
      const here = [...path, at];
      const leaves = this.step(step, here, group);
      for (const { key, to } of waysOf(step)) {
        const target = to === END ? end : ids.get(to);
        if (target !== undefined) this.edges.push({ from: leaves, to: target, label: this.looks.way(key, step), id: edgeId(here, key) });
      }
    });
    return steps.length > 0 ? nodeOf(steps[0]!, [...path, 0]) : end;
  }

  /** Draw a step with what it holds; answers the box from which it goes on. */
  private step(step: Step, path: Path, group?: string): string {
    const id = nodeOf(step, path);
    const inner = innerLists(step, path);
    const own = inner.length > 0 ? `${id}\u0000frame` : group;
    if (inner.length > 0) this.groups.push({ id: own!, label: "", ...(group === undefined ? {} : { group }) });
    const extra = this.looks.node?.(step, path) ?? {};
    this.nodes.push({ id, label: this.looks.label(step), sub: this.looks.sub(step), tone: "plain", ...(own === undefined ? {} : { group: own }), ...extra });
    if (inner.length === 0) return id;
    const join = `${id}${JOIN}`;
    for (const list of inner) this.inner(step, list, id, join, own!);
    this.nodes.push({ id: join, label: this.looks.join?.(step) ?? "", tone: "end", group: own! });
    return join;
  }

  private inner(step: Step, list: { name: string; path: Path; steps: Step[] }, from: string, join: string, own: string): void {
    const label = list.name === "" ? "" : (this.looks.branch?.(list.name, step) ?? list.name);
    const frame = `${from}\u0000${list.name}`;
    // dagre has no place for a frame without boxes.
    if (list.steps.length > 0 && list.name !== "") this.groups.push({ id: frame, label, group: own });
    const first = this.list(list.steps, list.path, join, list.name === "" ? own : frame);
    this.edges.push({ from, to: first, label: list.steps.length > 0 ? "" : label });
  }
}

/** Steps as boxes and their ways as arrows. A way to a step that is not in the list is left out. */
export function workflowGraph(steps: Step[], looks: Looks): Graph {
  const drawing = new Drawing(looks);
  const first = drawing.list(steps, ROOT, END);
  const start = looks.start === undefined ? [] : [{ id: START, label: looks.start, tone: "start" as const }];
  if (looks.start !== undefined) drawing.edges.unshift({ from: START, to: first });
  return { nodes: [...start, ...drawing.nodes, { id: END, label: looks.end, tone: "end" }], edges: drawing.edges, groups: drawing.groups };
}

/** The step that a box stands for; undefined for boxes that are none. */
export function stepOfNode(id: string, steps: LocatedStep[]): LocatedStep | undefined {
  return steps.find((each) => nodeOf(each.step, each.path) === id.replace(JOIN, ""));
}
