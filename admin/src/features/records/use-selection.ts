/** Which records of a list are chosen: some by their ids, or all that match its filter. */

import { useState } from "react";

export interface Selection {
  ids: ReadonlySet<string>;
  /** Whether all records that match are meant, also those that no page has shown. */
  isAll: boolean;
  select: (id: string, isSelected: boolean) => void;
  selectPage: (ids: string[], isSelected: boolean) => void;
  selectAll: () => void;
  clear: () => void;
}

const NOBODY: ReadonlySet<string> = new Set();

/** A selection of the list named by `list`: another filter begins with an empty one. */
export function useSelection(list: string): Selection {
  const [state, setState] = useState({ list, ids: NOBODY, isAll: false });
  const { ids, isAll } = state.list === list ? state : { ids: NOBODY, isAll: false };
  const put = (next: Iterable<string>, all = false) => setState({ list, ids: new Set(next), isAll: all });
  const selectPage = (page: string[], isSelected: boolean) => put(isSelected ? [...ids, ...page] : [...ids].filter((id) => !page.includes(id)));
  return { ids, isAll, select: (id, isSelected) => selectPage([id], isSelected), selectPage, selectAll: () => put(ids, true), clear: () => put([]) };
}
