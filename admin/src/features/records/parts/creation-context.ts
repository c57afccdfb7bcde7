/** How an input asks for a record that does not exist yet. */

import { createContext, useContext } from "react";
import type { Entity, Row } from "../../../model/schema";

export interface Wish {
  entity: Entity;
  /** The name that was typed. */
  name: string;
  onCreated: (row: Row) => void;
}

export const Creation = createContext<((wish: Wish) => void) | undefined>(undefined);

/** Creates a record in a dialog; undefined where there is none around. */
export function useCreation(): ((wish: Wish) => void) | undefined {
  return useContext(Creation);
}
