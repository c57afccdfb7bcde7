/** Which fields a query can name: of its entity, and of the one record that a relation leads to. Pure. */

import { PARTS } from "./board-times";
import type { AppSchema, Entity, Field, FieldType, Relation } from "./schema";

export interface FieldGroup {
  group: string;
  items: string[];
}

export const NUMBERS: readonly FieldType[] = ["int", "bigint", "decimal", "float"];
export const TIMES: readonly FieldType[] = ["date", "timestamp"];
const UNGROUPED: readonly FieldType[] = ["json", "file"];
const SORTED: readonly FieldType[] = [...NUMBERS, ...TIMES, "string", "text"];

/** The types of fields that a function takes. */
export const TYPES_OF: Record<string, readonly FieldType[] | undefined> = { sum: NUMBERS, avg: NUMBERS, min: SORTED, max: SORTED };

/** A relation that leads from an entity to one record, and the name by which queries take it. */
interface Way {
  name: string;
  relation: Relation;
  entity: Entity;
}

function otherEnd(schema: AppSchema, entity: Entity, relation: Relation): Entity | undefined {
  const end = relation.target === entity.name ? relation.source : relation.target;
  return schema.entities.find((each) => each.name === end && each.actions.includes("read"));
}

/** The ways from an entity to one record each. Where only one leads to an entity, its name says enough. */
export function waysOf(schema: AppSchema, entity: Entity): Way[] {
  const toOne = entity.relations.filter((each) => !each.joined && (each.type === "one_to_one" || (each.type === "one_to_many" && each.target === entity.name)));
  const ends = entity.relations.map((each) => (each.target === entity.name ? each.source : each.target));
  return toOne.flatMap((relation) => {
    const other = otherEnd(schema, entity, relation);
    if (!other) return [];
    const isClear = ends.filter((end) => end === other.name).length === 1 && !entity.fields.some((field) => field.name === other.name);
    return [{ name: isClear ? other.name : relation.name, relation, entity: other }];
  });
}

function wayOf(schema: AppSchema, entity: Entity, name: string): Way | undefined {
  return waysOf(schema, entity).find((way) => way.name === name || way.relation.name === name);
}

/** The field at the end of a path such as `amount` or `supplier.name`. */
export function fieldAt(schema: AppSchema, entity: Entity, path: string): Field | undefined {
  const [first, ...rest] = path.split(".");
  const own = entity.fields.find((field) => field.name === first);
  if (own) return rest.length === 0 ? own : undefined;
  const way = wayOf(schema, entity, first!);
  return way && rest.length === 1 ? way.entity.fields.find((field) => field.name === rest[0]) : undefined;
}

/** A path as the filters of lists spell it: with the relation's name. */
export function spelled(schema: AppSchema, entity: Entity, path: string): string {
  const [first, ...rest] = path.split(".");
  const way = rest.length > 0 && !entity.fields.some((field) => field.name === first) ? wayOf(schema, entity, first!) : undefined;
  return way ? [way.relation.name, ...rest].join(".") : path;
}

function grouped(schema: AppSchema, entity: Entity, items: (entity: Entity) => string[]): FieldGroup[] {
  const further = waysOf(schema, entity).map((way) => ({ group: way.name, items: items(way.entity).map((name) => `${way.name}.${name}`) }));
  return [{ group: entity.name, items: items(entity) }, ...further].filter((each) => each.items.length > 0);
}

/** What records can be grouped by: fields, and parts of their dates. */
export function groupChoices(schema: AppSchema, entity: Entity): FieldGroup[] {
  const parts = (field: Field) => (TIMES.includes(field.type) ? PARTS.filter((part) => part !== "hour" || field.type === "timestamp").map((part) => `${field.name}.${part}`) : []);
  return grouped(schema, entity, (each) => readable(each).filter((field) => !UNGROUPED.includes(field.type)).flatMap((field) => [field.name, ...parts(field)]));
}

/** What records can be filtered by. */
export function filterChoices(schema: AppSchema, entity: Entity): FieldGroup[] {
  return grouped(schema, entity, (each) => each.fields.filter((field) => field.filter).map((field) => field.name));
}

const readable = (entity: Entity) => entity.fields.filter((field) => field.read && !field.masked);

/** The entity's own fields of some types, or that a function takes. */
export function ownFields(entity: Entity | undefined, types?: readonly FieldType[]): string[] {
  return (entity ? readable(entity) : []).filter((field) => (types ? types.includes(field.type) : !UNGROUPED.includes(field.type))).map((field) => field.name);
}
