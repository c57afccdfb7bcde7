/** How a file is to be imported: proposed from its columns, taken from a saved mapping, changed by hand. */

import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useAppSchema } from "../../api/app-schema";
import { guessNotation, keysOf, type Mapping, missingFields, propose, type Target, toMappingOption } from "../../model/import-mapping";
import type { Entity } from "../../model/schema";
import type { Preview } from "./queries";
import { fitting, type ImportSettings, mappingsQuery, type SavedMapping } from "./saved-mappings";

export interface ImportPlan {
  preview: Preview;
  settings: ImportSettings;
  /** How sure the proposal for a column is; undefined where somebody has chosen. */
  confidenceOf: (column: string) => number | undefined;
  keys: string[];
  missing: string[];
  isComplete: boolean;
  options: Record<string, string>;
  applied: SavedMapping | undefined;
  map: (column: string, target: Target | null) => void;
  change: (part: Partial<ImportSettings>) => void;
  apply: (saved: SavedMapping | undefined) => void;
}

export function useImportSettings(app: string, entity: Entity, preview: Preview): ImportPlan {
  const schema = useAppSchema(app);
  const saved = useQuery(mappingsQuery(app, entity.name)).data ?? [];
  const [own, setOwn] = useState<Partial<ImportSettings>>({});
  const [chosen, setChosen] = useState<SavedMapping | "none">();
  const applied = chosen === "none" ? undefined : (chosen ?? fitting(saved, preview.columns));
  const proposals = useMemo(() => propose(schema, entity, preview.columns, preview.rows.map((row) => row.values)), [schema, entity, preview]);
  const base: Mapping = applied ? known(applied.settings.mapping, preview.columns) : Object.fromEntries(preview.columns.map((column) => [column, proposals[column]?.target ?? null]));
  const mapping = { ...base, ...own.mapping };
  const notation = guessNotation(entity, mapping, preview.rows.map((row) => row.values));
  const keys = keysOf(entity, mapping);
  const wanted = { key: null, empty: "skip" as const, ...notation, ...applied?.settings, ...own, mapping };
  const settings = { ...wanted, key: wanted.key !== null && keys.includes(wanted.key) ? wanted.key : null };
  return {
    preview,
    settings,
    keys,
    applied,
    confidenceOf: (column) => (applied || own.mapping?.[column] !== undefined ? undefined : proposals[column]?.confidence),
    missing: settings.key === null ? missingFields(entity, mapping) : [],
    isComplete: Object.values(mapping).some((target) => target !== null),
    options: toOptions(settings),
    map: (column, target) => setOwn({ ...own, mapping: { ...own.mapping, [column]: target } }),
    change: (part) => setOwn({ ...own, ...part }),
    apply: (next) => {
      setChosen(next ?? "none");
      setOwn({});
    },
  };
}

/** A saved mapping for the columns of this file; those that it does not know are skipped. */
function known(mapping: Mapping, columns: readonly string[]): Mapping {
  return Object.fromEntries(columns.map((column) => [column, mapping[column] ?? null]));
}

function toOptions({ mapping, key, empty, decimal, dates }: ImportSettings): Record<string, string> {
  return { mapping: JSON.stringify(toMappingOption(mapping)), empty, decimal, dates, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, ...(key ? { key } : {}) };
}
