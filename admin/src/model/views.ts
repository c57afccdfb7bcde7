/** Saved views of a list: what of its state is saved, and which of them opens by itself. Pure. */

import { same } from "./changes";
import type { ListState } from "./filter";

export interface SavedView {
  id: string;
  entity: string;
  name: string;
  /** `me`, `all`, or `role:<role>`. */
  scope: string;
  state: ViewState;
  owner: { id: string; email: string } | null;
  editable: boolean;
}

const SAVED = ["q", "sort", "where", "columns", "widths"] as const;

export type ViewState = Pick<ListState, (typeof SAVED)[number]> & {
  /** Whether the list opens with it. */
  default?: boolean;
};

/** The id that stands in the URL where somebody wants no view, not even the default one. */
export const NO_VIEW = "-";

/** What of a list's state a view keeps. */
export function savedPart(state: ListState | ViewState): ViewState {
  return Object.fromEntries(SAVED.filter((name) => state[name] !== undefined).map((name) => [name, state[name]]));
}

/** The list that a view opens. */
export function openedBy(view: SavedView): ListState {
  return { ...savedPart(view.state), view: view.id };
}

/** Whether the list has been changed since the view was opened. */
export function differs(view: SavedView, state: ListState): boolean {
  const [saved, shown] = [savedPart(view.state), savedPart(state)];
  return SAVED.some((name) => !same(saved[name], shown[name]));
}

/** The view that opens by itself: one's own before that of a role, and that before everybody's. */
export function defaultOf(views: readonly SavedView[]): SavedView | undefined {
  const rank = (view: SavedView) => (view.scope === "me" ? 0 : view.scope === "all" ? 2 : 1);
  return [...views].sort((one, other) => rank(one) - rank(other)).find((view) => view.state.default === true);
}

/** Whether a list was opened without saying what it should show. */
export function isPlain(state: ListState): boolean {
  return [...SAVED, "view", "trash", "page"].every((name) => state[name as keyof ListState] === undefined);
}
