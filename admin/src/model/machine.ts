/** A state machine's definition as a graph. Pure. */

import type { Graph } from "./graph";

export interface MachineTransition {
  from?: unknown;
  to?: unknown;
  roles?: unknown;
  guard?: unknown;
}

/** The states before, as a list. */
export function statesBefore(transition: MachineTransition): string[] {
  const from = Array.isArray(transition.from) ? transition.from : [transition.from];
  return from.filter((state): state is string => typeof state === "string" && state !== "");
}

/** All states that a machine names, the initial one first. */
export function statesOf(initial: unknown, transitions: MachineTransition[]): string[] {
  const named = [initial, ...transitions.flatMap((each) => [...statesBefore(each), each.to])];
  return [...new Set(named.filter((state): state is string => typeof state === "string" && state !== ""))];
}

/** States as nodes, transitions as edges that say who may make them and under which condition. */
export function machineGraph(initial: unknown, transitions: MachineTransition[]): Graph {
  const nodes = statesOf(initial, transitions).map((id) => ({ id, label: id, tone: id === initial ? ("start" as const) : ("plain" as const) }));
  const edges = transitions.flatMap((transition) =>
    statesBefore(transition)
      .filter(() => typeof transition.to === "string" && transition.to !== "")
      .map((from) => ({ from, to: String(transition.to), label: labelOf(transition) })),
  );
  return { nodes, edges };
}

function labelOf({ roles, guard }: MachineTransition): string {
  const who = Array.isArray(roles) ? roles.join(", ") : "";
  return [who, typeof guard === "string" && guard ? "?" : ""].filter(Boolean).join(" ");
}
