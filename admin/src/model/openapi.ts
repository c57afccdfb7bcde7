/** What the OpenAPI document of an app says about its operations. Pure. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  style?: string;
  schema?: Schema;
}

interface Ref {
  $ref?: string;
}

interface RawOperation {
  operationId: string;
  summary?: string;
  tags?: string[];
  parameters?: (Parameter & Ref)[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> } & Ref>;
}

export interface OpenApi {
  info: { title: string; version: string };
  paths: Record<string, Record<string, RawOperation>>;
  components?: Record<string, Record<string, unknown>>;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  tag: string;
  parameters: Parameter[];
  body: { type: string; schema: Schema } | undefined;
  answer: Schema | undefined;
}

const METHODS = ["get", "post", "put", "patch", "delete", "head"];
const JSON_TYPE = "application/json";

/** What a reference stands for; other values are themselves. */
export function resolve<T>(document: OpenApi, value: T & Ref): T {
  if (!value.$ref) return value;
  const [, , kind, ...name] = value.$ref.split("/");
  return (document.components?.[kind ?? ""]?.[name.join("/")] ?? {}) as T;
}

/** All operations in the order of the document; parameters of a path stand in its operations. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => operationOf(document, path, method, item)),
  );
}

function operationOf(document: OpenApi, path: string, method: string, item: Record<string, RawOperation>): Operation {
  const raw = item[method]!;
  const shared = (item["parameters"] ?? []) as unknown as (Parameter & Ref)[];
  const content = raw.requestBody && Object.entries(resolve(document, raw.requestBody).content ?? {})[0];
  const good = Object.entries(raw.responses ?? {}).find(([status]) => status.startsWith("2"))?.[1];
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    summary: raw.summary ?? "",
    tag: raw.tags?.[0] ?? "",
    parameters: [...shared, ...(raw.parameters ?? [])].map((parameter) => resolve(document, parameter)),
    body: content && { type: content[0], schema: content[1].schema ?? {} },
    answer: good && resolve(document, good).content?.[JSON_TYPE]?.schema,
  };
}

const MAX_DEPTH = 6;

/** A value that a schema accepts: what a body begins with. Of objects only what is required, else everything. */
export function exampleOf(document: OpenApi, given: Schema, depth = 0): unknown {
  const schema = resolve(document, given);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.enum) return schema.enum.find((value) => value !== null) ?? null;
  const choice = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choice) return depth > MAX_DEPTH ? null : exampleOf(document, choice[0]!, depth + 1);
  switch (typeOf(schema)) {
    case "object":
      return exampleObject(document, schema, depth);
    case "array":
      return schema.items && depth < MAX_DEPTH ? [exampleOf(document, schema.items, depth + 1)] : [];
    case "integer":
    case "number":
      return Math.max(0, schema.minimum ?? 0);
    case "boolean":
      return false;
    default:
      return exampleText(schema.format);
  }
}

function exampleObject(document: OpenApi, schema: Schema, depth: number): Record<string, unknown> {
  const all = Object.keys(schema.properties ?? {});
  const names = schema.required?.length ? all.filter((name) => schema.required!.includes(name)) : depth < 2 ? all : [];
  return Object.fromEntries(names.map((name) => [name, exampleOf(document, schema.properties![name]!, depth + 1)]));
}

function exampleText(format: string | undefined): string {
  if (format === "date") return "2026-01-31";
  if (format === "date-time") return "2026-01-31T12:00:00Z";
  return format === "uuid" ? "00000000-0000-0000-0000-000000000000" : "";
}

/** The type of a schema in a word; null aside. */
export function typeOf(schema: Schema): string {
  const types = [schema.type ?? (schema.properties ? "object" : "any")].flat().filter((type) => type !== "null");
  return types[0] ?? "null";
}
