/** Which of the records that changed a list with filters shows: the list itself is asked, many records at once. */

import type { Row } from "../model/schema";
import { request } from "./client";
import type { LiveChange } from "./live-stream";

const MAX_IDS = 100;

/** The changes as the list sees them: records that its filters leave out have left. */
export async function matched(realm: string, entity: string, query: URLSearchParams, key: string, changes: LiveChange[], signal: AbortSignal): Promise<LiveChange[]> {
  const present = changes.filter((change) => change.change !== "left");
  const ids = [...new Set(present.map((change) => change.id))];
  const rows = new Map<string, Row>();
  for (let at = 0; at < ids.length; at += MAX_IDS) {
    const asked = new URLSearchParams(query);
    asked.append(`filter[${key}.in]`, ids.slice(at, at + MAX_IDS).join(","));
    asked.set("per_page", String(MAX_IDS));
    asked.set("count", "none");
    const reply = await request<Row[]>(realm, "GET", `/${entity}`, { query: asked, signal });
    for (const row of reply.data) rows.set(String(row[key]), row);
  }
  return changes.map((change) => {
    const row = rows.get(change.id);
    return row ? { ...change, change: change.change === "left" ? "changed" : change.change, record: row } : { ...change, change: "left" };
  });
}
