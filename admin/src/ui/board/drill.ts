/** The list behind each figure of a widget, as an address. */

import { useRouter } from "@tanstack/react-router";
import { useAppSchema } from "../../api/app-schema";
import { drillDown } from "../../model/board-drill";
import type { Answer, Widget } from "../../model/dashboards";
import type { Row } from "../../model/schema";

export interface Target {
  to: string;
  search: Record<string, unknown>;
}

/** Where a row of a widget leads, or without a row the widget itself; undefined where the caller has no such list. */
export function useDrill(app: string, { query }: Widget, { meta = {} }: Answer): (row?: Row) => Target | undefined {
  const schema = useAppSchema(app);
  if (query.kpi) return (row) => ({ to: `/${app}/instances`, search: ofRuns(query.kpi!, row, meta, query.workflow) });
  const entity = schema.entities.find((each) => each.name === query.entity && each.actions.includes("read"));
  return (row) => (entity ? { to: `/${app}/records/${entity.name}`, search: { ...drillDown(schema, entity, query, meta, row) } } : undefined);
}

function ofRuns(kpi: string, row: Row | undefined, meta: { from?: string | null; to?: string }, workflow: string | undefined): Record<string, unknown> {
  const window = { ...(meta.from ? { from: meta.from } : {}), ...(meta.to ? { to: meta.to } : {}) };
  const of = String(row?.["workflow"] ?? workflow ?? "");
  const holder = row?.["role"] ?? (row?.["user"] as Row | undefined)?.["id"];
  return {
    ...window,
    ...(of ? { workflow: of } : {}),
    ...(row?.["step"] ? { step: String(row["step"]) } : {}),
    ...(kpi === "pending_by_approver" ? { status: "running", ...(holder ? { waiting_for: String(holder) } : {}) } : {}),
  };
}

/** A target as an address for a link that is no component of the router, and how to go there. */
export function useGoTo(): { hrefOf: (target: Target) => string; go: (target: Target) => void } {
  const router = useRouter();
  return {
    hrefOf: (target) => router.buildLocation({ to: target.to, search: target.search } as never).href,
    go: (target) => void router.navigate({ to: target.to, search: target.search } as never),
  };
}
