import { describe, expect, test } from "vitest";
import { type Approval, type Delegation, type Seat, countSeats, filled, inWords, missingFor, sharedForm, standingOf } from "./tasks";

const ANN = { id: "a", email: "ann@x", roles: ["finance"] };
const BOB = { id: "b", email: "bob@x", roles: [] };
const BOSS = { id: "c", email: "boss@x", roles: ["admin"] };
const seat = (more: Partial<Seat>): Seat => ({ id: "1", decision: null, ...more });
const approval = (...seats: Seat[]): Approval => ({ step: "s", form: [], mode: "any", needed: 1, seats, deadline: null, escalated: [], returns_to: [], may_reassign: true });
const instead: Delegation = { id: "d", from: { id: "a", email: "ann@x" }, to: { id: "b", email: "bob@x" }, from_time: "", until: "", workflows: ["order"], reason: null, active: true };

describe("why somebody may decide", () => {
  test("by a role, by name, as anybody, for somebody else, as an admin", () => {
    expect(standingOf(approval(seat({ role: "finance" })), ANN, [], "order")).toEqual({ kind: "role", role: "finance" });
    expect(standingOf(approval(seat({ users: [{ id: "a", email: "ann@x" }] })), ANN, [], "order")).toEqual({ kind: "named" });
    expect(standingOf(approval(seat({})), BOB, [], "order")).toEqual({ kind: "anyone" });
    const named = approval(seat({ users: [{ id: "a", email: "ann@x" }] }));
    expect(standingOf(named, BOB, [instead], "order")).toEqual({ kind: "behalf", of: instead.from });
    expect(standingOf(named, BOB, [instead], "other")).toBeUndefined();
    expect(standingOf(named, BOB, [{ ...instead, active: false }], "order")).toBeUndefined();
    expect(standingOf(named, BOSS, [], "order")).toEqual({ kind: "override" });
    expect(standingOf(approval(seat({ role: "finance" })), BOSS, [], "order")).toEqual({ kind: "admin" });
  });
  test("not twice, and not where all is decided", () => {
    const half = approval(seat({ role: "finance", decision: "approved", by: "a" }), seat({ id: "2", role: "finance" }));
    expect(standingOf(half, ANN, [], "order")).toBeUndefined();
    expect(standingOf(approval(seat({ role: "finance", decision: "approved", by: "z" })), ANN, [], "order")).toBeUndefined();
    expect(countSeats(half.seats)).toEqual({ approved: 1, rejected: 0, open: 1 });
  });
});

test("a form needs what its decision needs, and sends what was filled in", () => {
  const form = [{ name: "why", type: "text", required: "reject" as const }, { name: "sum", type: "int", required: true }, { name: "note", type: "text" }];
  expect(missingFor(form, { sum: 0 }, "approve")).toEqual([]);
  expect(missingFor(form, { why: "" }, "reject")).toEqual(["why", "sum"]);
  expect(filled({ a: "", b: null, c: false, d: 0 })).toEqual({ c: false, d: 0 });
});

test("several instances share a form only if it is the same one", () => {
  const form = [{ name: "why", type: "text", required: true }];
  const one = { approvals: [{ ...approval(), form }] };
  expect(sharedForm([one, { approvals: [{ ...approval(), form: [...form] }] }])).toEqual(form);
  expect(sharedForm([one, { approvals: [approval()] }])).toEqual([]);
  expect(sharedForm([])).toEqual([]);
});

test("values are told in words", () => {
  expect([null, 3, true, { id: 1, title: "Oven" }, [1]].map(inWords)).toEqual(["–", "3", "true", "Oven", "[1]"]);
});
