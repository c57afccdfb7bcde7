/** What a pointer does on a graph: it moves the picture, or takes a box to an arrow. */

import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { PlacedEdge } from "../../model/graph";
import { handleOf } from "./shapes";

const FAR_PX = 6;
const REACH = 48;
const WHEEL_STEP = 1.1;

interface Grabbed {
  id: string;
  x: number;
  y: number;
  /** Where it is now, in units of the picture; undefined until it has moved. */
  at?: { x: number; y: number };
}

/** Ctrl and the wheel zoom; dragging the ground scrolls. */
export function useGround(scroller: RefObject<HTMLDivElement | null>, zoomBy: (factor: number) => void) {
  const zooming = useRef(zoomBy);
  zooming.current = zoomBy;
  useEffect(() => {
    const element = scroller.current!;
    // React's own listener is passive, and could not keep the page from zooming.
    const turn = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zooming.current(event.deltaY < 0 ? WHEEL_STEP : 1 / WHEEL_STEP);
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [scroller]);
  return (event: PointerEvent) => {
    const element = scroller.current!;
    if (event.pointerType === "touch" || (event.target as Element).closest("[role=button], [role=link]")) return;
    const { clientX, clientY } = event;
    const { scrollLeft, scrollTop } = element;
    const move = (moved: globalThis.PointerEvent) => element.scrollTo(scrollLeft + clientX - moved.clientX, scrollTop + clientY - moved.clientY);
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", () => window.removeEventListener("pointermove", move), { once: true });
  };
}

/** The arrow with a button that is nearest to a point, if one is near. */
export function nearestEdge(edges: PlacedEdge[], { x, y }: { x: number; y: number }): PlacedEdge | undefined {
  const measured = edges.filter((edge) => edge.id !== undefined).map((edge) => ({ edge, far: Math.hypot(handleOf(edge).x - x, handleOf(edge).y - y) }));
  const [first] = measured.sort((one, other) => one.far - other.far);
  return first && first.far <= REACH ? first.edge : undefined;
}

/** Boxes that are taken to an arrow. */
export function useDrag(picture: RefObject<SVGSVGElement | null>, edges: PlacedEdge[], onDrop?: (node: string, edge: string) => void) {
  const [grabbed, setGrabbed] = useState<Grabbed>();
  const target = grabbed?.at && nearestEdge(edges, grabbed.at);
  const inPicture = (event: globalThis.PointerEvent) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.current!.getScreenCTM()!.inverse());
    return { x: point.x, y: point.y };
  };
  const grab = (event: PointerEvent, id: string) => {
    if (!onDrop || event.button !== 0 || event.pointerType === "touch") return;
    const from = { id, x: event.clientX, y: event.clientY };
    const isFar = (moved: globalThis.PointerEvent) => Math.hypot(moved.clientX - from.x, moved.clientY - from.y) > FAR_PX;
    let hasMoved = false;
    const move = (moved: globalThis.PointerEvent) => {
      hasMoved ||= isFar(moved);
      if (hasMoved) setGrabbed({ ...from, at: inPicture(moved) });
    };
    const drop = (moved: globalThis.PointerEvent) => {
      window.removeEventListener("pointermove", move);
      setGrabbed(undefined);
      const edge = hasMoved ? nearestEdge(edges, inPicture(moved)) : undefined;
      if (edge) onDrop(id, edge.id!);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", drop, { once: true });
  };
  return { grabbed: grabbed?.at ? grabbed : undefined, target, grab };
}
