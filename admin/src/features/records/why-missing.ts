/** Why a record is not in a list: the server holds each condition of the list against this one record. */

import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { type Condition, type ListState, toParameter, toQuery } from "../../model/filter";
import type { Entity } from "../../model/schema";
import { recordPath } from "./queries";

interface Check {
  check: "permission" | "deleted" | "filter" | "q";
  holds: boolean;
  parameter?: string;
  value?: string;
  stored?: unknown;
}

export interface Reasons {
  isListed: boolean;
  /** Whether there is no such record for the caller. */
  isUnknown: boolean;
  /** Whether it is in the trash, or in a list of the trash not there. */
  isElsewhere: boolean;
  conditions: { condition: Condition; stored: unknown }[];
  /** Whether the words that are searched for are not in it. */
  isNotFound: boolean;
}

const UNKNOWN: Reasons = { isListed: false, isUnknown: true, isElsewhere: false, conditions: [], isNotFound: false };

export async function whyMissing(app: string, entity: Entity, state: ListState, id: string): Promise<Reasons> {
  try {
    const { data } = await request<{ listed: boolean; checks: Check[] }>(app, "GET", `${recordPath(entity, id)}/listed`, { query: toQuery(state) });
    const failed = data.checks.filter((check) => !check.holds);
    const has = (name: Check["check"]) => failed.some((check) => check.check === name);
    const filters = failed.filter((check) => check.check === "filter");
    return { isListed: data.listed, isUnknown: has("permission"), isElsewhere: has("deleted"), conditions: filters.flatMap((check) => meant(state, check)), isNotFound: has("q") };
  } catch (error) {
    if (isApiError(error, 404)) return UNKNOWN;
    throw error;
  }
}

/** The condition of the list that a parameter of the query stands for. */
function meant(state: ListState, { parameter, value, stored }: Check): Reasons["conditions"] {
  const condition = (state.where ?? []).find((each) => {
    const [name, asked] = toParameter(each);
    return name === parameter && asked === value;
  });
  return condition ? [{ condition, stored }] : [];
}
