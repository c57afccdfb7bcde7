import { expect, test } from "vitest";
import { type Policy, accessOf, conditionText, fieldAccess, rolesOf } from "./policies";

const policy = (part: Partial<Policy>): Policy => ({ id: "1", entity: "employee", action: "read", roles: ["clerk"], ...part });

test("no policy is no access, and admins need none", () => {
  expect(accessOf([], "clerk", "employee", "read")).toBe("none");
  expect(accessOf([], "admin", "employee", "read")).toBe("all");
});

test("a policy with conditions reaches some records, one without all", () => {
  const limited = policy({ conditions: [{ field: "department", value: "sales" }] });
  expect(accessOf([limited], "clerk", "employee", "read")).toBe("some");
  expect(accessOf([limited, policy({})], "clerk", "employee", "read")).toBe("all");
  expect(accessOf([policy({ masks: { iban: "last4" } })], "clerk", "employee", "read")).toBe("some");
  expect(accessOf([policy({ pii_mask: "hash" })], "clerk", "employee", "read")).toBe("some");
  expect(accessOf([policy({ masks: { iban: "none" } })], "clerk", "employee", "read")).toBe("all");
  expect(accessOf([policy({ action: "create", conditions: [{ field: "x", value: 1 }] })], "clerk", "employee", "create")).toBe("all");
});

test("the most generous policy decides what is seen of a field", () => {
  const masked = policy({ masks: { iban: "last4" } });
  expect(fieldAccess([masked], "clerk", "employee", "read", { name: "iban" })).toBe("masked");
  expect(fieldAccess([masked, policy({})], "clerk", "employee", "read", { name: "iban" })).toBe("shown");
  expect(fieldAccess([policy({ fields: { exclude: ["salary"] } })], "clerk", "employee", "read", { name: "salary" })).toBe("none");
  expect(fieldAccess([policy({ fields: { include: ["name"] } })], "clerk", "employee", "read", { name: "iban" })).toBe("none");
  expect(fieldAccess([policy({ pii_mask: "hash" })], "clerk", "employee", "read", { name: "email", pii: true })).toBe("masked");
  expect(fieldAccess([policy({ visible_when: { iban: "record.open" } })], "clerk", "employee", "read", { name: "iban" })).toBe("partly");
});

test("conditions read as comparisons", () => {
  const text = conditionText(policy({ conditions: [{ field: "department", operator: "eq", value: "sales" }, { field: "grade", operator: "gte", value: 3 }] }));
  expect(text).toBe('department = "sales" ∧ grade ≥ 3');
});

test("admin comes first among the roles", () => {
  expect(rolesOf([policy({})], ["admin", "boss"])).toEqual(["admin", "boss", "clerk"]);
});
