import { expect, test } from "vitest";
import { moveBy, stepFrom } from "./moves";

const at = { row: 3, column: 1 };

test("arrows lead to the neighbour, and stop at the edge", () => {
  expect(moveBy("ArrowDown", false, at, 5, 3, false)).toEqual({ row: 4, column: 1 });
  expect(moveBy("ArrowDown", false, { row: 4, column: 1 }, 5, 3, false)).toEqual({ row: 4, column: 1 });
  expect(moveBy("End", true, at, 5, 3, false)).toEqual({ row: 4, column: 2 });
  expect(moveBy("x", false, at, 5, 3, false)).toBeUndefined();
});

test("right is forward in one direction of writing, and back in the other", () => {
  expect(moveBy("ArrowRight", false, at, 5, 3, false)).toEqual({ row: 3, column: 2 });
  expect(moveBy("ArrowRight", false, at, 5, 3, true)).toEqual({ row: 3, column: 0 });
});

test("editing goes on at the next cell that can be edited", () => {
  const isEditable = ({ column }: { column: number }) => column !== 2;
  expect(stepFrom(at, "next", 5, 4, isEditable)).toEqual({ row: 3, column: 3 });
  expect(stepFrom(at, "down", 5, 4, isEditable)).toEqual({ row: 4, column: 1 });
  expect(stepFrom({ row: 3, column: 3 }, "next", 5, 4, isEditable)).toEqual({ row: 3, column: 3 });
});
