/** What an expression can see where it stands, and what can be written next. Pure. */

import type { AppSchema, Entity, Field } from "./schema";

/** A name in reach of an expression: what it is, its members, or the rows of a list. */
export interface Seen {
  type?: string | undefined;
  /** The values of an enum. */
  values?: string[];
  members?: Names;
  /** The members of each row, where it is a list. */
  rows?: Names;
}

export type Names = { [name: string]: Seen };

/** Where an expression stands; it decides which names it can see. */
export type Place = "rule" | "guard" | "webhook" | "notification" | "visibility";

const USER: Seen = { type: "user", members: { id: { type: "string" }, email: { type: "string" }, roles: { type: "list" } } };
const ACTION: Seen = { type: "string", values: ["create", "update", "delete"] };
const NOW: Seen = { type: "timestamp" };

export interface Load {
  relation?: unknown;
  name?: unknown;
}

/** The names that an expression of a record's entity can see. */
export function namesOf(place: Place, schema: AppSchema, entityName: unknown, loads: Load[] = []): Names {
  const entity = schema.entities.find((each) => each.name === entityName);
  const members = entity ? fieldsOf(entity) : {};
  const record: Seen = { type: entity?.name, members };
  const event: Names = { record, old: record, action: ACTION, user: USER, now: NOW };
  switch (place) {
    case "rule":
      return { ...event, related: { members: relatedOf(schema, entity, loads) } };
    case "guard":
      return event;
    case "webhook":
    case "notification":
      return { ...event, changes: { members: changesOf(members) }, entity: { type: "string" }, ...(place === "webhook" ? { event: { type: "string" } } : {}) };
    case "visibility":
      return { record, user: USER, now: NOW };
  }
}

function fieldsOf(entity: Entity): Names {
  const extra: Names = entity.soft_delete ? { deleted_at: { type: "timestamp" } } : {};
  return { ...Object.fromEntries(entity.fields.map((field): [string, Seen] => [field.name, seenOf(field)])), ...extra };
}

function seenOf(field: Field): Seen {
  return { type: field.type, ...(field.enum ? { values: field.enum.map(String) } : {}) };
}

function changesOf(members: Names): Names {
  return Object.fromEntries(Object.entries(members).map(([name, seen]): [string, Seen] => [name, { members: { old: seen, new: seen } }]));
}

function relatedOf(schema: AppSchema, entity: Entity | undefined, loads: Load[]): Names {
  const found: Names = {};
  for (const load of loads) {
    const relation = entity?.relations.find((each) => each.name === load.relation);
    const other = relation && (relation.source === entity?.name ? relation.target : relation.source);
    const rows = schema.entities.find((each) => each.name === other);
    if (relation) found[String(load.name || load.relation)] = { type: "list", rows: rows ? fieldsOf(rows) : {} };
  }
  return found;
}
