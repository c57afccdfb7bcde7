import { expect, test } from "vitest";
import { slicesOf } from "./pie";

test("pieces are parts of the numbers above zero", () => {
  expect(slicesOf([1, null, 3, -2, 0]).map(({ at, share }) => [at, share])).toEqual([[0, 0.25], [2, 0.75]]);
  expect(slicesOf([1, 1])[0]!.path).toBe("M0 0L0.00 -50.00A50 50 0 0 1 0.00 50.00Z");
  expect(slicesOf([5])[0]!.path).not.toContain("L");
  expect(slicesOf([])).toEqual([]);
});
