/** Records as they are stored now, by their ids: what edits are held against before they are saved. */

import { request } from "../../api/client";
import type { Edits } from "../../model/edits";
import { type Entity, idOf, type Row } from "../../model/schema";
import { recordPath } from "./queries";

const AT_ONCE = 50;

export async function storedRows(app: string, entity: Entity, edits: Edits): Promise<ReadonlyMap<string, Row>> {
  const ids = [...edits.keys()];
  const rows: Row[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) rows.push(...(await read(app, entity, ids.slice(at, at + AT_ONCE))));
  return new Map(rows.map((row) => [idOf(entity, row), row]));
}

async function read(app: string, entity: Entity, ids: string[]): Promise<Row[]> {
  const [key] = entity.primary_key.fields;
  const isList = entity.primary_key.fields.length === 1 && !ids.some((id) => id.includes(","));
  if (!isList) return Promise.all(ids.map((id) => request<Row>(app, "GET", recordPath(entity, id)).then((reply) => reply.data)));
  const query = { [`filter[${key}.in]`]: ids.join(","), per_page: String(AT_ONCE), count: "none" };
  return (await request<Row[]>(app, "GET", `/${entity.name}`, { query })).data;
}
