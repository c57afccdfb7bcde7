import { expect, test } from "vitest";
import { arranged, freePlace, laidOut, onGrid, stepped, withPlace } from "./board-layout";
import type { Place, Widget } from "./dashboards";

const widget = (id: string, layout?: Partial<Place>): Widget => ({ id, title: id, type: "counter", query: { entity: "sale" }, ...(layout ? { layout } : {}) });

test("widgets without places of their own lie beside each other", () => {
  expect(arranged(["a", "b", "c", "d"].map((id) => widget(id)))).toEqual({
    a: { x: 0, y: 0, w: 4, h: 4 }, b: { x: 4, y: 0, w: 4, h: 4 }, c: { x: 8, y: 0, w: 4, h: 4 }, d: { x: 0, y: 4, w: 4, h: 4 },
  });
});

test("a place stays on the grid", () => {
  expect(onGrid({ x: 11, y: -2, w: 6, h: 90 })).toEqual({ x: 6, y: 0, w: 6, h: 50 });
  expect(freePlace([{ x: 0, y: 0, w: 10, h: 2 }], { w: 4, h: 1 })).toEqual({ x: 0, y: 2, w: 4, h: 1 });
});

test("a widget that moves pushes the others down, and those below an empty place rise", () => {
  const layout = arranged([widget("a", { w: 12, h: 2 }), widget("b", { y: 2, w: 6, h: 2 }), widget("c", { x: 6, y: 2, w: 6, h: 3 })]);
  const moved = withPlace(layout, "c", { x: 0, y: 0, w: 6, h: 3 });
  expect(moved).toEqual({ c: { x: 0, y: 0, w: 6, h: 3 }, a: { x: 0, y: 3, w: 12, h: 2 }, b: { x: 0, y: 5, w: 6, h: 2 } });
  expect(laidOut([widget("a")], moved)[0]!.layout).toEqual(moved["a"]);
  const places = Object.values(withPlace(moved, "b", { x: 6, y: 0, w: 6, h: 2 }));
  expect(places).toContainEqual({ x: 6, y: 0, w: 6, h: 2 });
});

test("arrow keys move, and with Shift resize, as the reader sees it", () => {
  const place = { x: 4, y: 1, w: 4, h: 4 };
  expect(stepped(place, "ArrowRight", false, false)).toEqual({ ...place, x: 5 });
  expect(stepped(place, "ArrowRight", false, true)).toEqual({ ...place, x: 3 });
  expect(stepped({ ...place, w: 8 }, "ArrowRight", true, false)).toEqual({ ...place, w: 8 });
  expect(stepped(place, "ArrowUp", true, false)).toEqual({ ...place, h: 3 });
  expect(stepped(place, "Enter", false, false)).toBeUndefined();
});
