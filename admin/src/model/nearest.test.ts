import { expect, test } from "vitest";
import { distance, nearest } from "./nearest";

test("distance counts insertions, deletions, replacements and swaps", () => {
  expect([distance("deal", "deal"), distance("dael", "deal"), distance("dea", "deal"), distance("", "abc"), distance("kitten", "sitting")]).toEqual([0, 1, 1, 3, 3]);
});

test("names that are near, the best first, and none that only has the same length", () => {
  expect(nearest("dael", ["company", "deal", "dealer"])).toEqual(["deal"]);
  expect(nearest("contacts", ["contact", "contract", "company"])).toEqual(["contact", "contract"]);
  expect(nearest("xy", ["deal", "company"])).toEqual([]);
});
