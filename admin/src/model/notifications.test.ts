import { expect, test } from "vitest";
import { linkOf, mutedFrom, mutedTexts, sourceOf, withSource } from "./notifications";

test("a notification leads to its instance, or to its record", () => {
  expect(linkOf("a", { entity: "e", record_id: "1,2", metadata: {} })).toBe("/a/records/e/1%2C2");
  expect(linkOf("a", { entity: "e", record_id: "1", metadata: { workflow: { instance_id: "i" } } })).toBe("/a/instances/i");
  expect(linkOf("a", { entity: null, record_id: null, metadata: {} })).toBeUndefined();
  expect(linkOf("a", { entity: "_comments", record_id: "1", metadata: {} })).toBeUndefined();
});

test("what is muted is the same as texts", () => {
  const muted = [{ rule: "a:b" }, { entity: "e" }, { workflow: "w" }];
  expect(mutedFrom(mutedTexts(muted))).toEqual(muted);
  expect(mutedFrom(["plain", ""])).toEqual([{ rule: "plain" }]);
});

test("a rule tells of one thing", () => {
  const rule = { name: "n", entity: "e", hook: "after_update", channel: "email" };
  expect(sourceOf(rule)).toBe("entity");
  expect(withSource(rule, "workflow", "w")).toEqual({ name: "n", channel: "email", workflow: "w", on: "completed" });
  expect(withSource(withSource(rule, "event", "x"), "entity", "e")).toEqual({ name: "n", channel: "email", entity: "e", hook: "after_create" });
});
