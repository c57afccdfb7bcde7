/** Instances of workflows as the API answers them, and what somebody may do about them. Pure. */

export interface PersonName {
  id: string;
  email: string;
}

export interface FormField {
  name: string;
  type: string;
  label?: string | null;
  required?: boolean | "approve" | "reject";
  enum?: unknown[] | null;
  default?: unknown;
  help?: string | null;
}

export interface Seat {
  id: string;
  label?: string | null;
  role?: string;
  roles?: string[];
  users?: PersonName[];
  decision: "approved" | "rejected" | null;
  by?: string;
  on_behalf_of?: string;
  override?: boolean;
  comment?: string;
  form?: Record<string, unknown>;
  at?: string;
}

export interface Approval {
  step: string;
  scope?: string;
  item?: unknown;
  index?: number;
  form: FormField[];
  mode: unknown;
  needed: number;
  seats: Seat[];
  deadline: string | null;
  escalated?: unknown[];
  returns_to: string[];
  may_reassign: boolean;
}

export interface HistoryEntry {
  step: string | null;
  status: string;
  at: string;
  by?: string;
  on_behalf_of?: string;
  override?: boolean;
  seat?: string;
  comment?: string;
  form?: Record<string, unknown>;
  reason?: string;
  scope?: string;
  to?: unknown;
}

export interface Instance {
  id: string;
  workflow_id: string;
  workflow_name: string;
  workflow_version?: number;
  status: string;
  current_step: string | null;
  current_steps: string[];
  current_step_deadline: string | null;
  context: Record<string, unknown>;
  history: HistoryEntry[];
  entity: string | null;
  record_id: string | null;
  parent_id?: string;
  initiator: Partial<PersonName> | null;
  failed?: { step: string; reason: string; scope?: string };
  warnings?: { message: string; step?: string; seat?: string }[];
  approvals?: Approval[];
  on_behalf_of?: PersonName | string;
  created_at: string;
  updated_at: string;
}

export interface Delegation {
  id: string;
  from: PersonName;
  to: PersonName;
  from_time: string;
  until: string;
  workflows: string[] | null;
  reason: string | null;
  active: boolean;
}

export interface Startable {
  id: string;
  name: string;
  description: string | null;
  entity: string | null;
  form: FormField[];
  inputs: FormField[];
}

export interface Caller {
  id: string;
  email: string;
  roles: string[];
}

/** Why somebody may fill a seat. */
export type Reason = { kind: "anyone" } | { kind: "role"; role: string } | { kind: "named" } | { kind: "admin" } | { kind: "behalf"; of: PersonName } | { kind: "override" };

const rolesOf = (seat: Seat): string[] => (seat.role ? [seat.role] : (seat.roles ?? []));
const isOpen = (seat: Seat) => seat.decision === null;

/** Why a caller may fill a seat by themselves; undefined where they may not. */
export function ownReason(seat: Seat, caller: Caller): Reason | undefined {
  const roles = rolesOf(seat);
  if (seat.users?.some((user) => user.id === caller.id)) return { kind: "named" };
  const role = roles.find((each) => caller.roles.includes(each));
  if (role !== undefined && !seat.users?.length) return { kind: "role", role };
  return roles.length === 0 && !seat.users?.length ? { kind: "anyone" } : undefined;
}

/** What a caller may do about an approval: the first open seat that is theirs, or somebody's whose place they take. */
export function standingOf(approval: Approval, caller: Caller, delegations: Delegation[], workflow: string): Reason | undefined {
  const involved = new Set(approval.seats.flatMap((seat) => [seat.by, seat.on_behalf_of]));
  const open = approval.seats.filter(isOpen);
  if (open.length === 0) return undefined;
  if (!involved.has(caller.id)) {
    const own = open.map((seat) => ownReason(seat, caller)).find((reason) => reason !== undefined);
    if (own) return own;
    const behalf = delegatorsOf(delegations, caller, workflow).find((from) => !involved.has(from.id) && open.some((seat) => seat.users?.some((user) => user.id === from.id)));
    if (behalf) return { kind: "behalf", of: behalf };
  }
  return caller.roles.includes("admin") ? { kind: approval.seats.length === 1 && rolesOf(approval.seats[0]!).length > 0 ? "admin" : "override" } : undefined;
}

/** Those in whose place a caller decides now, in a workflow. */
export function delegatorsOf(delegations: Delegation[], caller: Caller, workflow: string): PersonName[] {
  const found = delegations.filter((each) => each.active && each.to.id === caller.id && (each.workflows === null || each.workflows.includes(workflow)));
  return [...new Map(found.map((each) => [each.from.id, each.from])).values()];
}

export interface Count {
  approved: number;
  rejected: number;
  open: number;
}

export function countSeats(seats: Seat[]): Count {
  const of = (decision: Seat["decision"]) => seats.filter((seat) => seat.decision === decision).length;
  return { approved: of("approved"), rejected: of("rejected"), open: of(null) };
}

/** The persons that an instance names, by id. */
export function peopleIn(instance: Instance, known: PersonName[]): Map<string, string> {
  const seated = (instance.approvals ?? []).flatMap((approval) => approval.seats.flatMap((seat) => seat.users ?? []));
  const starter = instance.initiator?.id && instance.initiator.email ? [{ id: instance.initiator.id, email: instance.initiator.email }] : [];
  return new Map([...seated, ...starter, ...known].map((person) => [person.id, person.email]));
}

export const isRequiredFor = (field: FormField, decision: string): boolean => field.required === true || field.required === decision;
const isEmpty = (value: unknown) => value === undefined || value === null || value === "";

/** The names of fields that a decision needs and that are empty. */
export function missingFor(form: FormField[], values: Record<string, unknown>, decision: string): string[] {
  return form.filter((field) => isRequiredFor(field, decision) && isEmpty(values[field.name])).map((field) => field.name);
}

/** The form that one decision about several instances fills in: that of all of them, if it is the same one. */
export function sharedForm(instances: Pick<Instance, "approvals">[]): FormField[] {
  const forms = instances.map((instance) => instance.approvals?.[0]?.form ?? []);
  const [first = []] = forms;
  return forms.every((form) => JSON.stringify(form) === JSON.stringify(first)) ? first : [];
}

/** What a form sends: what was filled in. */
export function filled(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value)));
}

/** What a form begins with. */
export function defaultsOf(form: FormField[]): Record<string, unknown> {
  return Object.fromEntries(form.filter((field) => !isEmpty(field.default)).map((field) => [field.name, field.default]));
}

/** A value of a context in words. */
export function inWords(value: unknown): string {
  if (isEmpty(value)) return "–";
  if (typeof value !== "object") return String(value);
  const named = value as Record<string, unknown>;
  const name = ["name", "title", "label", "number", "email"].map((key) => named[key]).find((each) => typeof each === "string" && each !== "");
  return name === undefined ? JSON.stringify(value) : String(name);
}
