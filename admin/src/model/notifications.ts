/** Notifications, and how a person wants to have them. */

export interface Muted {
  entity?: string;
  rule?: string;
  workflow?: string;
}

export interface Preferences {
  channels: {
    email: { enabled: boolean; digest: "none" | "hourly" | "daily"; at: string; timezone: string };
    in_app: { enabled: boolean };
  };
  muted: Muted[];
  locale: string;
}

interface About {
  entity: string | null;
  record_id: string | null;
  metadata: Record<string, unknown>;
}

/** The screen of what a notification is about: its instance, or its record. */
export function linkOf(app: string, about: About): string | undefined {
  const workflow = about.metadata["workflow"] as { instance_id?: string } | undefined;
  if (workflow?.instance_id) return `/${app}/instances/${encodeURIComponent(workflow.instance_id)}`;
  if (!about.entity || !about.record_id || about.entity.startsWith("_")) return undefined;
  return `/${app}/records/${encodeURIComponent(about.entity)}/${encodeURIComponent(about.record_id)}`;
}

const KINDS = ["rule", "entity", "workflow"] as const;

/** What is muted, as one text each: `rule:new ticket`. */
export const mutedTexts = (muted: Muted[]): string[] => muted.map((each) => KINDS.flatMap((kind) => (each[kind] ? [`${kind}:${each[kind]}`] : []))[0] ?? "");

/** The same from texts; a text without a kind is the name of a rule. */
export function mutedFrom(texts: string[]): Muted[] {
  return texts.filter(Boolean).map((text) => {
    const kind = KINDS.find((each) => text.startsWith(`${each}:`));
    return kind ? { [kind]: text.slice(kind.length + 1) } : { rule: text };
  });
}

/** What a rule tells of: exactly one of these keys is there. */
export const SOURCES = ["entity", "event", "workflow"] as const;
export type Source = (typeof SOURCES)[number];

export const sourceOf = (rule: Record<string, unknown>): Source => SOURCES.find((each) => each in rule) ?? "entity";

/** A rule that tells of something else; what belongs to the former source goes. */
export function withSource(rule: Record<string, unknown>, source: Source, name: string): Record<string, unknown> {
  const { entity: _entity, event: _event, workflow: _workflow, hook, on, ...rest } = rule;
  const more = source === "entity" ? { hook: hook ?? "after_create" } : source === "workflow" ? { on: on ?? "completed" } : {};
  return { ...rest, [source]: name, ...more };
}
