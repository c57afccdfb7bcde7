/** The state in which each list was left, for the ways back to it. It lasts as long as the window. */

import type { ListState } from "../../model/filter";

const states = new Map<string, ListState>();

export function seeList(app: string, entity: string, state: ListState): void {
  // The moment that is looked at is not the list's: it goes along by itself.
  const { at: _at, ...own } = state as ListState & { at?: string };
  states.set(`${app}/${entity}`, own);
}

export function lastSeen(app: string, entity: string): ListState {
  return states.get(`${app}/${entity}`) ?? {};
}
