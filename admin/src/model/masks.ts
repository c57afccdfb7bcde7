/** What a policy shows of a record, as far as the policy alone says it. Pure. */

export type Mask = string | { keep_last?: number };

export interface Showing {
  fields?: { include?: string[]; exclude?: string[] } | null;
  masks?: Record<string, Mask>;
  pii_mask?: Mask | null;
  visible_when?: Record<string, string>;
}

export type Sight = { kind: "shown" | "masked"; value: unknown } | { kind: "absent" | "depends" };

const STARS = "****";

/** A value behind a mask, as the server writes it; of a hash only that it is one. */
export function masked(value: unknown, mask: Mask): unknown {
  if (value === null || value === undefined || mask === "null") return null;
  const text = String(value);
  if (mask === "last4") return keepLast(text, 4);
  if (mask === "email") return text.includes("@") ? `${text.slice(0, 1)}***${text.slice(text.indexOf("@"))}` : STARS;
  if (mask === "hash") return "sha256:…";
  return typeof mask === "object" ? keepLast(text, mask.keep_last ?? 0) : value;
}

function keepLast(text: string, count: number): string {
  return text.length > count ? STARS + text.slice(text.length - count) : STARS;
}

/** How a field of a record is shown by a policy for reading. Keys are always shown. */
export function sightOf(policy: Showing, field: { name: string; pii: boolean; isKey: boolean }, value: unknown): Sight {
  if (!field.isKey && !isGranted(policy, field.name)) return { kind: "absent" };
  if (policy.visible_when?.[field.name]) return { kind: "depends" };
  const own = policy.masks?.[field.name];
  const mask = own ?? (field.pii ? policy.pii_mask : undefined);
  if (mask === undefined || mask === null || mask === "none") return { kind: "shown", value };
  return { kind: "masked", value: masked(value, mask) };
}

function isGranted({ fields }: Showing, name: string): boolean {
  if (fields?.include) return fields.include.includes(name);
  return !fields?.exclude?.includes(name);
}
