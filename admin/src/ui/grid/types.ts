/** What the grid is given. */

import type { ReactNode } from "react";

export interface Column<T> {
  id: string;
  label: string;
  width: number;
  align?: "start" | "end";
  cell: (row: T) => ReactNode;
  sortable?: boolean;
  /** What is said of the column beside its name, such as why it can't be edited. */
  hint?: string | undefined;
}

export interface CellState {
  /** An edit that is not saved yet, one that the server refused, or one that somebody else's change meets. */
  mark?: "edited" | "refused" | "clash" | undefined;
  title?: string | undefined;
}

/** How a cell of the grid is edited in its place. */
export interface Editing<T> {
  /** Whether a click opens the editor; a double click, Enter or F2 always do. */
  byClick: boolean;
  isEditable: (row: T, column: string) => boolean;
  /** The editor of a cell. It calls `done` when it closes; `step` says which cell to go to then. */
  editor: (row: T, column: string, done: (step?: Step) => void) => ReactNode;
  stateOf: (row: T, column: string) => CellState;
}

export type Step = "down" | "next" | "back" | "stay";

export interface GridProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  rowLink: (row: T) => string;
  sort?: string | undefined;
  onSort?: (column: string) => void;
  onResize?: (column: string, width: number) => void;
  onMove?: (column: string, place: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (key: string, selected: boolean) => void;
  onSelectAll?: (selected: boolean) => void;
  selectLabel?: (row: T) => string;
  selectAllLabel?: string;
  editing?: Editing<T>;
  /** Whether a row has just changed, or has left the list meanwhile. */
  rowMark?: (row: T) => "fresh" | "left" | undefined;
  /** How many rows stand before the first one, and how many there are in all, where that is known. */
  before?: number | undefined;
  total?: number | undefined;
  /** Tells one page of rows from another: a new one begins at its top, and each keeps its place for Back. */
  pageKey: string;
  empty: ReactNode;
}

/** A cell by its place. Column 0 holds the checkboxes where rows can be selected. */
export interface Place {
  row: number;
  column: number;
}
