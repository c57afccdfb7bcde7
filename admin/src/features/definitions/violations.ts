/** The stored rows behind a violation of a plan. */

import { queryOptions, skipToken } from "@tanstack/react-query";
import { request } from "../../api/client";
import type { Entity, Field, Row } from "../../model/schema";
import type { Violation } from "./queries";

const MAX_ROWS = 20;

/** Some of the rows: those that a list can find by the rule. Rules about lengths and circles have counts only. */
export function violatingQuery(app: string, entity: Entity | undefined, field: Field | undefined, violation: Violation, allowed: unknown[] | undefined) {
  const canFind = entity !== undefined && field !== undefined && ["unique", "required", "enum"].includes(violation.rule);
  return queryOptions({
    queryKey: [app, "violations", violation, allowed],
    queryFn: canFind ? ({ signal }) => find(app, entity, { field, rule: violation.rule, allowed }, signal) : skipToken,
  });
}

interface Broken {
  field: Field;
  rule: string;
  /** The values of the enum as it is planned. */
  allowed: unknown[] | undefined;
}

async function find(app: string, entity: Entity, broken: Broken, signal: AbortSignal): Promise<Row[]> {
  const filter = await filterOf(app, entity, broken, signal);
  if (!filter) return [];
  const query = { ...filter, sort: broken.field.name, per_page: String(MAX_ROWS), count: "none" };
  return (await request<Row[]>(app, "GET", `/${entity.name}`, { query, signal })).data;
}

async function filterOf(app: string, entity: Entity, { field: { name }, rule, allowed }: Broken, signal: AbortSignal): Promise<Record<string, string> | undefined> {
  if (rule === "required") return { [`filter[${name}.is_null]`]: "true" };
  if (rule === "enum") return allowed ? { [`filter[${name}.not_in]`]: allowed.join(",") } : undefined;
  const query = { count: "*", group_by: name, "having[count.gt]": "1", sort: name };
  const groups = await request<Row[]>(app, "GET", `/${entity.name}/_aggregate`, { query, signal });
  const values = groups.data.slice(0, MAX_ROWS).map((group) => String(group[name])).filter((value) => !value.includes(","));
  return values.length > 0 ? { [`filter[${name}.in]`]: values.join(",") } : undefined;
}
