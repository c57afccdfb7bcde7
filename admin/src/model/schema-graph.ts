/** The entities of an app and how they refer to one another, as a graph. Pure. */

import type { Graph } from "./graph";
import type { AppSchema, Field, Relation } from "./schema";

const MAX_LINES = 14;

/** Entities as boxes (with their fields, where wanted), relations as arrows from the source to the target. */
export function schemaGraph(app: string, schema: AppSchema, withFields: boolean): Graph {
  const relations = new Map<string, Relation>();
  for (const entity of schema.entities) for (const relation of entity.relations) relations.set(`${relation.source}.${relation.name}`, relation);
  const names = new Set(schema.entities.map((entity) => entity.name));
  const nodes = schema.entities.map((entity) => ({
    id: entity.name,
    label: entity.name,
    link: `/${app}/define/entities/${entity.name}`,
    lines: withFields ? linesOf(entity.fields, entity.primary_key.fields) : [],
  }));
  const edges = [...relations.values()]
    .filter((relation) => names.has(relation.source) && names.has(relation.target))
    .map((relation) => ({ from: relation.source, to: relation.target, label: `${relation.name} ${MARKS[relation.type]}` }));
  return { nodes, edges };
}

const MARKS: Record<Relation["type"], string> = { one_to_one: "1:1", one_to_many: "1:n", many_to_many: "n:m" };

function linesOf(fields: Field[], key: string[]): string[] {
  const lines = fields.map((field) => `${key.includes(field.name) ? "⚷ " : ""}${field.name}: ${field.type}${field.required ? " *" : ""}`);
  return lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES - 1), `… +${lines.length - MAX_LINES + 1}`] : lines;
}
