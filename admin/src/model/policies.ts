/** What policies add up to, by role. Pure. */

export const ACTIONS = ["read", "create", "update", "delete"] as const;
export type Action = (typeof ACTIONS)[number];

export interface Policy {
  id: string;
  entity: string;
  action: Action;
  roles: string[];
  conditions?: { field: string; operator?: string; value?: unknown }[];
  fields?: { include?: string[]; exclude?: string[] } | null;
  masks?: Record<string, unknown>;
  pii_mask?: unknown;
  visible_when?: Record<string, string>;
}

export type Access = "all" | "some" | "none";

/** Whether a role may act on all records of an entity, on some, or on none. */
export function accessOf(policies: Policy[], role: string, entity: string, action: Action): Access {
  if (role === "admin") return "all";
  const own = policies.filter((policy) => policy.entity === entity && policy.action === action && policy.roles.includes(role));
  if (own.length === 0) return "none";
  const whole = own.some((policy) => (policy.action === "create" || !policy.conditions?.length) && !policy.fields && !hidesValues(policy));
  return whole ? "all" : "some";
}

/** Whether a policy masks fields, or shows some only now and then. */
function hidesValues({ visible_when: visible, masks, pii_mask: pii }: Policy): boolean {
  const masked = Object.values(masks ?? {}).some((mask) => mask !== "none");
  return masked || Object.keys(visible ?? {}).length > 0 || (pii !== undefined && pii !== null && pii !== "none");
}

export type FieldAccess = "shown" | "masked" | "partly" | "none";

/** How a role sees a field; several policies add up, so the most generous one decides. */
export function fieldAccess(policies: Policy[], role: string, entity: string, action: "read" | "update", field: { name: string; pii?: boolean }): FieldAccess {
  if (role === "admin") return "shown";
  const own = policies.filter((policy) => policy.entity === entity && policy.action === action && policy.roles.includes(role));
  const seen = own.filter((policy) => grants(policy, field.name));
  if (seen.length === 0) return "none";
  const clear = seen.filter((policy) => !isMasked(policy, field));
  if (clear.length === 0) return "masked";
  return clear.some((policy) => !policy.conditions?.length && !(field.name in (policy.visible_when ?? {}))) ? "shown" : "partly";
}

function grants({ fields }: Policy, name: string): boolean {
  if (fields?.include) return fields.include.includes(name);
  return !fields?.exclude?.includes(name);
}

function isMasked({ masks, pii_mask: pii }: Policy, field: { name: string; pii?: boolean }): boolean {
  const own = masks?.[field.name];
  if (own !== undefined) return own !== "none";
  return field.pii === true && pii !== undefined && pii !== null && pii !== "none";
}

const SIGNS: Record<string, string> = { eq: "=", neq: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤", in: "∈", not_in: "∉", like: "~" };

/** A policy's conditions as a sentence of comparisons. */
export function conditionText(policy: Policy): string {
  return (policy.conditions ?? []).map(({ field, operator, value }) => `${field} ${SIGNS[operator ?? "eq"] ?? operator} ${JSON.stringify(value)}`).join(" ∧ ");
}

/** The roles that policies name, and those of the register. */
export function rolesOf(policies: Policy[], known: string[]): string[] {
  return [...new Set([...known, ...policies.flatMap((policy) => policy.roles)])].sort((a, b) => Number(b === "admin") - Number(a === "admin") || a.localeCompare(b));
}
