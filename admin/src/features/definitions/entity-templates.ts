/** Starting points for new entities: fields that most apps of a kind have. */

import type { Document } from "./queries";

const ID = { name: "id", type: "uuid" };
const TIMES = [
  { name: "created_at", type: "timestamp", auto: "create" },
  { name: "updated_at", type: "timestamp", auto: "update" },
];

const entity = (name: string, table: string, fields: Document[]): Document => ({ name, table, fields: [ID, ...fields, ...TIMES] });

export const ENTITY_TEMPLATES: Record<string, Document> = {
  company: entity("company", "companies", [
    { name: "name", type: "string", required: true, indexed: true },
    { name: "website", type: "string" },
    { name: "email", type: "string" },
    { name: "phone", type: "string" },
    { name: "street", type: "string" },
    { name: "postcode", type: "string" },
    { name: "city", type: "string" },
    { name: "country", type: "string" },
  ]),
  person: entity("person", "people", [
    { name: "name", type: "string", required: true, indexed: true },
    { name: "email", type: "string", unique: true, pii: true },
    { name: "phone", type: "string", pii: true },
    { name: "birthday", type: "date", pii: true },
    { name: "notes", type: "text" },
  ]),
  order: entity("order", "orders", [
    { name: "number", type: "string", required: true, unique: true },
    { name: "status", type: "string", enum: ["draft", "sent", "paid", "cancelled"], default: "draft", indexed: true },
    { name: "ordered_on", type: "date" },
    { name: "total", type: "decimal", precision: 2, default: 0 },
    { name: "note", type: "text" },
  ]),
  task: entity("task", "tasks", [
    { name: "title", type: "string", required: true },
    { name: "status", type: "string", enum: ["open", "doing", "done"], default: "open", indexed: true },
    { name: "priority", type: "int", default: 3 },
    { name: "due_on", type: "date" },
    { name: "description", type: "text" },
  ]),
  product: entity("product", "products", [
    { name: "code", type: "string", required: true, unique: true },
    { name: "name", type: "string", required: true },
    { name: "price", type: "decimal", precision: 2 },
    { name: "stock", type: "int", default: 0 },
    { name: "active", type: "boolean", default: true },
    { name: "picture", type: "file" },
  ]),
  document: entity("document", "documents", [
    { name: "title", type: "string", required: true },
    { name: "file", type: "file", required: true },
    { name: "kind", type: "string", enum: ["contract", "invoice", "report", "other"], default: "other" },
    { name: "valid_until", type: "date" },
  ]),
};
