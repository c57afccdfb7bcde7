/** The names of the records that values refer to, for places where a list has not brought them along. */

import { useQueries } from "@tanstack/react-query";
import { keys, useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { timestampCell } from "../../fields/moments";
import { type Entity, labelOf, referenceOf, type Row } from "../../model/schema";
import { wordOf } from "./parts/value-words";

const MOST_IDS = 100;

/** Says a value of a field in words: the name of the record it refers to, or the value itself. */
export function useNames(app: string, entity: Entity, values: readonly { field: string; value: unknown }[]): (field: string, value: unknown) => string {
  const schema = useAppSchema(app);
  const wanted = new Map<string, { key: string; target: Entity; ids: Set<string> }>();
  for (const { field, value } of values) {
    const relation = typeof value === "string" || typeof value === "number" ? referenceOf(entity, field) : undefined;
    const target = relation && schema.entities.find((each) => each.name === relation.source && each.actions.includes("read"));
    if (!relation || !target) continue;
    const known = wanted.get(field) ?? { key: relation.source_key, target, ids: new Set<string>() };
    wanted.set(field, { ...known, ids: known.ids.add(String(value)) });
  }
  const asked = [...wanted].map(([field, { key, target, ids }]) => ({ field, key, target, ids: [...ids].sort().slice(0, MOST_IDS) }));
  const found = useQueries({
    queries: asked.map(({ key, target, ids }) => ({
      queryKey: [...keys.records(app, target.name), "names", key, ids],
      queryFn: () => request<Row[]>(app, "GET", `/${target.name}`, { query: { [`filter[${key}.in]`]: ids.join(","), per_page: String(MOST_IDS), count: "none" } }).then((reply) => reply.data),
    })),
  });
  const names = new Map(
    asked.flatMap(({ field, key, target }, at) => (found[at]?.data ?? []).map((row): [string, string] => [`${field}/${String(row[key])}`, labelOf(target, row)])),
  );
  const moments = new Set(entity.fields.filter((field) => field.type === "timestamp").map((field) => field.name));
  const plain = (field: string, value: unknown) => (moments.has(field) && typeof value === "string" ? timestampCell(value) : wordOf(value));
  return (field, value) => names.get(`${field}/${String(value)}`) ?? plain(field, value);
}
