import { type ReactNode, useMemo } from "react";
import type { Instance } from "../../../model/tasks";
import { useRecordNames } from "../queries";
import { NamesContext } from "./record-name";

/** The rows of a page, with the names of their records: one request for each entity. */
export function RowsFrame({ app, rows, children }: { app: string; rows: Instance[]; children: ReactNode }) {
  const about = useMemo(() => rows.map(({ entity, record_id }) => ({ entity, record_id })), [rows]);
  return <NamesContext.Provider value={useRecordNames(app, about)}>{children}</NamesContext.Provider>;
}
