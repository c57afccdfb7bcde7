import { expect, test } from "vitest";
import { masked, sightOf } from "./masks";

test("masks show a part of a value, and nothing of one that is no longer than that part", () => {
  expect([masked("12345678", "last4"), masked("123", "last4"), masked("abcdef", { keep_last: 2 }), masked("ann@example.com", "email"), masked("x", "null"), masked(null, "last4")]).toEqual(["****5678", "****", "****ef", "a***@example.com", null, null]);
});

test("a policy leaves fields out, masks them, or makes them depend on the record", () => {
  const policy = { fields: { exclude: ["margin"] }, masks: { iban: "last4", note: "none" }, pii_mask: "null", visible_when: { price: "record.open" } };
  const sight = (name: string, pii = false, isKey = false) => sightOf(policy, { name, pii, isKey }, "secret-1234");
  expect(sight("margin").kind).toBe("absent");
  expect(sight("margin", false, true).kind).toBe("shown");
  expect(sight("iban")).toEqual({ kind: "masked", value: "****1234" });
  expect(sight("phone", true)).toEqual({ kind: "masked", value: null });
  expect(sight("note", true)).toEqual({ kind: "shown", value: "secret-1234" });
  expect(sight("price").kind).toBe("depends");
});
