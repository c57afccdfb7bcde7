/** Rows of the audit log: what a change did, field by field. Pure. */

export interface AuditRow {
  id: string;
  source: string;
  entity: string;
  record_id: string;
  action: string;
  old_data: Record<string, unknown> | null;
  new_data: Record<string, unknown> | null;
  changed_fields: string[];
  user_email: string | null;
  on_behalf_of?: string | null;
  cause?: string | null;
  ip_address: string | null;
  trace_id: string | null;
  timestamp: string;
  /** The place in the commit log, for changes of records. */
  position: number;
}

export interface FieldDifference {
  field: string;
  before: unknown;
  after: unknown;
  changed: boolean;
}

/** All fields of a change: those that it changed first, each in the order of the record. */
export function differencesOf(row: AuditRow): FieldDifference[] {
  const changed = new Set(row.changed_fields);
  const fields = [...new Set([...Object.keys(row.new_data ?? {}), ...Object.keys(row.old_data ?? {}), ...changed])];
  const all = fields.map((field) => ({ field, before: row.old_data?.[field], after: row.new_data?.[field], changed: changed.has(field) }));
  return [...all.filter((each) => each.changed), ...all.filter((each) => !each.changed)];
}

/** A value as a cell shows it. */
export function sayValue(value: unknown): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Whether a change can be taken back by its commit. */
export function isUndoable(row: AuditRow): boolean {
  return row.source === "data" && row.position > 0;
}
