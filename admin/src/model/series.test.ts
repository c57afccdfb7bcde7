import { expect, test } from "vitest";
import { labelledPoints, linePath, roundMax } from "./series";

test("an axis ends with a round number", () => {
  expect([[], [0], [3], [9], [11], [0.4], [5]].map(roundMax)).toEqual([1, 1, 5, 10, 20, 0.5, 5]);
});

test("a line has a gap where there is no value", () => {
  expect(linePath([0, 10, null, 5], 10, 40, 20)).toBe("M5.0 20.0L15.0 0.0M35.0 10.0");
});

test("a few labels, evenly spread", () => {
  expect(labelledPoints(60, 6)).toEqual([0, 10, 20, 30, 40, 50]);
  expect(labelledPoints(3, 6)).toEqual([0, 1, 2]);
});
