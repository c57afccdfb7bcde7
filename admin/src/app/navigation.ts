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
];

/** The sections for a caller. Those that describe the app and its people are for admins. */
export function sectionsOf(app: string, entities: Entity[], isAdmin: boolean): Section[] {
  const base = `/${app}`;
  const data = entities
    .filter((entity) => entity.actions.includes("read"))
    .map((entity): Entry => ({ label: entity.name, word: false, icon: "table", to: `${base}/records/${entity.name}` }));
  const sections: Section[] = [
    { label: "nav.home", entries: [{ label: "nav.overview", word: true, icon: "home", to: base }] },
    { label: "nav.data", entries: data },
  ];
  if (!isAdmin) return sections;
  const kinds = KINDS.map(([kind, icon]): Entry => ({ label: `kind.${kind}`, word: true, icon, to: `${base}/define/${kind}` }));
  const people: Entry[] = [{ label: "nav.users", word: true, icon: "user", to: `${base}/people/users` }];
  return [...sections, { label: "nav.define", entries: kinds }, { label: "nav.people", entries: people }];
}
