/** Records as they are stored now, with their versions: what edits are held against before they are saved. */

import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import type { Edits } from "../../model/edits";
import type { Entity, Row } from "../../model/schema";
import { recordPath } from "./queries";

export interface StoredRow {
  row: Row;
  version: number;
}

const AT_ONCE = 10;

export async function storedRows(app: string, entity: Entity, edits: Edits): Promise<ReadonlyMap<string, StoredRow>> {
  const ids = [...edits.keys()];
  const found = new Map<string, StoredRow>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE);
    const replies = await Promise.all(some.map((id) => read(app, entity, id)));
    for (const [index, reply] of replies.entries()) if (reply) found.set(some[index]!, reply);
  }
  return found;
}

/** A record; undefined where it is gone, which the bulk write will say of its row. */
async function read(app: string, entity: Entity, id: string): Promise<StoredRow | undefined> {
  try {
    const { data, etag } = await request<Row>(app, "GET", recordPath(entity, id));
    return { row: data, version: versionOf(etag) };
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

/** The version in an ETag, which may say more than that. */
function versionOf(etag: string | null): number {
  return Number(/\d+/.exec(etag ?? "")?.[0] ?? 0);
}
