/** What a new definition of each kind begins as. */

import type { Document } from "./queries";

export function templateOf(kind: string, firstEntity: string): Document {
  switch (kind) {
    case "entities":
      return {
        name: "",
        table: "",
        primary_key: { field: "id", type: "uuid", generated: true },
        soft_delete: true,
        fields: [
          { name: "id", type: "uuid" },
          { name: "name", type: "string", required: true },
          { name: "created_at", type: "timestamp", auto: "create" },
          { name: "updated_at", type: "timestamp", auto: "update" },
        ],
      };
    case "relations":
      return { name: "", type: "one_to_many", source: firstEntity, target: "", target_key: "", on_delete: "restrict" };
    case "rules":
      return {
        entity: firstEntity,
        hook: "before_write",
        type: "expression",
        definition: { expression: "", message: "" },
        priority: 0,
        active: true,
      };
    case "state-machines":
      return { entity: firstEntity, field: "", definition: { initial: "", transitions: [{ from: "", to: "", roles: [] }] }, active: true };
    case "workflows":
      return {
        name: "",
        trigger: { type: "state_change", entity: firstEntity, field: "", to: "" },
        context: { record: "record.id" },
        steps: [{ id: "approval", type: "approval", assignee: { type: "role", role: "admin" }, on_approve: "end", on_reject: "end" }],
        active: true,
      };
    case "permissions":
      return { entity: firstEntity, action: "read", roles: [], conditions: [] };
    case "webhooks":
      return { entity: firstEntity, hook: "after_write", url: "https://", method: "POST", condition: "", active: true };
    case "notification-channels":
      return { name: "", type: "email", config: {}, active: true };
    case "notification-templates":
      return { name: "", subject: "", body: "", format: "markdown" };
    case "notification-rules":
      return {
        name: "",
        entity: firstEntity,
        hook: "after_create",
        condition: "",
        channel: "in_app",
        recipients: [{ role: "admin" }],
        template: { subject: "", body: "" },
        active: true,
      };
    case "roles":
      return { name: "", label: "", description: "" };
    case "dashboards":
      return { name: "", widgets: [] };
    case "ui-configs":
      return { entity: firstEntity, scope: "default", config: {} };
    default:
      return {};
  }
}
