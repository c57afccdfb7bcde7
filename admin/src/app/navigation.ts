/** What the sidebar and the palette offer: the rooms of an app that the caller may enter. */

import type { Entity } from "../model/schema";
import type { IconName } from "../ui/icons";

export interface Entry {
  /** The key of its word, or its own name where it is somebody's. */
  label: string;
  word: boolean;
  icon: IconName;
  to: string;
}

export interface Section {
  label: string;
  entries: Entry[];
}

const KINDS: [string, IconName][] = [
  ["entities", "table"],
  ["relations", "link"],
  ["rules", "rule"],
  ["state-machines", "state"],
  ["workflows", "flow"],
  ["permissions", "shield"],
  ["webhooks", "bolt"],
  ["notification-rules", "bell"],
  ["notification-templates", "edit"],
  ["notification-channels", "link"],
  ["roles", "user"],
  ["ui-configs", "columns"],
  ["dashboards", "chart"],
];

const entry = (app: string, word: string, icon: IconName, path: string): Entry => ({
  label: `nav.${word}`,
  word: true,
  icon,
  to: `/${app}${path}`,
});

/** The sections for a caller. Those that describe the app, its people and its running are for admins. */
export function sectionsOf(app: string, entities: Entity[], isAdmin: boolean): Section[] {
  const data = entities
    .filter((entity) => entity.actions.includes("read"))
    .map((entity): Entry => ({ label: entity.name, word: false, icon: "table", to: `/${app}/records/${entity.name}` }));
  const own: Section[] = [
    {
      label: "nav.home",
      entries: [
        entry(app, "overview", "home", ""),
        entry(app, "dashboards", "chart", "/dashboards"),
        entry(app, "tasks", "check", "/tasks"),
        entry(app, "inbox", "bell", "/inbox"),
        entry(app, "instances", "flow", "/instances"),
        entry(app, "figures", "state", "/instances/figures"),
      ],
    },
    ...(data.length > 0 ? [{ label: "nav.data", entries: data }] : []),
  ];
  return isAdmin ? [...own, ...forAdmins(app)] : own;
}

function forAdmins(app: string): Section[] {
  const kinds = KINDS.map(([kind, icon]): Entry => ({ label: `kind.${kind}`, word: true, icon, to: `/${app}/define/${kind}` }));
  return [
    { label: "nav.define", entries: [...kinds, entry(app, "matrix", "shield", "/define/permissions/matrix"), entry(app, "explain", "help", "/define/permissions/explain"), entry(app, "diagram", "link", "/define/relations/diagram"), entry(app, "exchange", "download", "/exchange")] },
    {
      label: "nav.people",
      entries: [
        entry(app, "users", "user", "/people/users"),
        entry(app, "invites", "plus", "/people/invites"),
        entry(app, "apiKeys", "key", "/people/api-keys"),
        entry(app, "providers", "shield", "/people/providers"),
      ],
    },
    {
      label: "nav.running",
      entries: [
        entry(app, "events", "clock", "/events"),
        entry(app, "audit", "search", "/audit"),
        entry(app, "deliveries", "bolt", "/deliveries"),
        entry(app, "notifications", "bell", "/notifications"),
        entry(app, "deadLetters", "close", "/dead-letters"),
        entry(app, "projections", "restore", "/projections"),
        entry(app, "files", "download", "/files"),
        entry(app, "settings", "rule", "/settings"),
        entry(app, "api", "globe", "/api"),
      ],
    },
  ];
}
