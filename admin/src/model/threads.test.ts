import { expect, test } from "vitest";
import { type Comment, mentionAt, threadsOf, withMention } from "./threads";

const comment = (id: string, parent_id: string | null = null): Comment => ({
  id, parent_id, entity: "page", record_id: "1", user_id: "u", user_email: "u@x.y", body: id, mentions: [], edited: false, deleted: false,
  reply_count: 0, created_at: "2026-01-01T00:00:00Z", updated_at: null,
});

test("replies stand below what they answer, orphans and loops by themselves", () => {
  const threads = threadsOf([comment("a"), comment("b", "a"), comment("c", "gone"), comment("d", "b"), comment("e", "e")]);
  const shape = (list: ReturnType<typeof threadsOf>): unknown[] => list.map(({ comment: { id }, replies }) => [id, shape(replies)]);
  expect(shape(threads)).toEqual([["a", [["b", [["d", []]]]]], ["c", []], ["e", []]]);
});

test("a mention is what is typed behind an @ that begins a word", () => {
  expect(mentionAt("Hello @an", 9)).toEqual({ from: 6, typed: "an" });
  expect(mentionAt("Hello @jü", 9)).toEqual({ from: 6, typed: "jü" });
  expect(mentionAt("@", 1)).toEqual({ from: 0, typed: "" });
  expect(mentionAt("@ann@red.exa and", 12)).toEqual({ from: 0, typed: "ann@red.exa" });
  for (const text of ["ann@x", "Hello @an n", "no", "@an "]) expect(mentionAt(text, text.length)).toBeUndefined();
});

test("choosing a person replaces what was typed and nothing else", () => {
  expect(withMention("Hi @an, you", { from: 3, typed: "an" }, "ann@x.y")).toEqual({ text: "Hi @ann@x.y , you", caret: 12 });
  expect(withMention("Hi @an you", { from: 3, typed: "an" }, "ann@x.y")).toEqual({ text: "Hi @ann@x.y you", caret: 12 });
});
