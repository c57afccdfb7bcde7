/** What `GET /_schema` answers: the entities of an app as the caller may use them. */

export type FieldType =
  | "string" | "text" | "int" | "bigint" | "decimal" | "float" | "boolean" | "uuid" | "timestamp" | "date" | "json" | "file";

export interface Field {
  name: string;
  type: FieldType;
  required: boolean;
  unique: boolean;
  default: unknown;
  enum: unknown[] | null;
  precision: number | null;
  auto: string | null;
  /** Whether a rule computes it, whatever is sent. */
  computed?: boolean;
  read: boolean;
  create: boolean;
  update: boolean;
  filter: boolean;
  masked: boolean;
}

export interface Relation {
  name: string;
  type: "one_to_one" | "one_to_many" | "many_to_many";
  source: string;
  target: string;
  source_key: string;
  target_key: string;
  on_delete: string;
  nested: boolean;
  joined: boolean;
}

export interface Transition {
  from: string | string[];
  to: string;
  roles: string[];
}

export interface StateMachine {
  field: string;
  initial: string;
  transitions: Transition[];
}

export interface Entity {
  name: string;
  actions: ("read" | "create" | "update" | "delete")[];
  primary_key: { fields: string[]; type: string; generated: boolean };
  soft_delete: boolean;
  /** Whether its records have comments. */
  comments?: boolean;
  slug: { field: string; source: string | null } | null;
  fields: Field[];
  relations: Relation[];
  state_machines: StateMachine[];
}

export interface AppSchema {
  version: number;
  entities: Entity[];
}

export type Row = Record<string, unknown>;

/** The id of a record as it stands in URLs: the parts of a composite key joined by commas. */
export function idOf(entity: Entity, row: Row): string {
  return entity.primary_key.fields.map((name) => String(row[name])).join(",");
}

/** The field that names a record to people: a slug's source, or the first of the usual names, or the first text. */
export function labelField(entity: Entity): string {
  const readable = entity.fields.filter((field) => field.read && !field.masked);
  const names = [entity.slug?.source, "name", "title", "label", "subject", "number", "code", "email"];
  const usual = names.find((name) => name && readable.some((field) => field.name === name));
  const text = readable.find((field) => field.type === "string" && !entity.primary_key.fields.includes(field.name));
  return usual ?? text?.name ?? entity.primary_key.fields[0]!;
}

/** A record in words. */
export function labelOf(entity: Entity, row: Row): string {
  const label = row[labelField(entity)];
  return label === null || label === undefined || label === "" ? idOf(entity, row) : String(label);
}

/** The relation in which a field of this entity refers to another record: the entity is the target of it. */
export function referenceOf(entity: Entity, field: string): Relation | undefined {
  return entity.relations.find(
    (relation) => !relation.joined && relation.target === entity.name && relation.target_key === field,
  );
}

/** The relations whose source is this entity: its children and pairs. */
export function childrenOf(entity: Entity): Relation[] {
  return entity.relations.filter((relation) => relation.source === entity.name);
}
