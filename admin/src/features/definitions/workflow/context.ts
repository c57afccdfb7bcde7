/** The workflow that is being built, for all parts of the builder. */

import { createContext, useContext } from "react";
import { useAppSchema } from "../../../api/app-schema";
import type { Names } from "../../../model/expressions";
import type { Definition, LocatedStep, Path } from "../../../model/workflow";
import type { Problem } from "../../../model/workflow-check";
import type { Edited } from "../../../model/workflow-edit";
import { stepNames } from "../../../model/workflow-names";

/** A step by its path, or what starts the workflow. */
export type Selection = Path | null;
/** Where a new step goes, once its type is chosen. */
export type Placing = (type: string) => Edited;

export interface Builder {
  app: string;
  definition: Definition;
  steps: LocatedStep[];
  change: (definition: Definition) => void;
  selected: Selection;
  select: (selection: Selection) => void;
  /** The edit of a step, which is selected where it stands now. */
  apply: (edited: Edited | undefined) => void;
  /** Ask for a type, and put a step of it there. */
  ask: (placing: Placing) => void;
  /** Whether the selected step has just been made. */
  isFresh: boolean;
  problems: Problem[];
}

export const BuilderContext = createContext<Builder | null>(null);
/** The step whose form stands around; none for what starts the workflow. */
export const HereContext = createContext<LocatedStep | undefined>(undefined);

export function useBuilder(): Builder {
  const builder = useContext(BuilderContext);
  if (!builder) throw new Error("a part of the builder stands outside of it");
  return builder;
}

export const useHere = () => useContext(HereContext);

/** What texts can read where they stand. */
export function useStepNames(): Names {
  const { app, definition } = useBuilder();
  return stepNames(definition, useAppSchema(app), useHere());
}
