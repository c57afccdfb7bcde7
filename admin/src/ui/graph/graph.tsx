/** A graph as a picture: boxes and arrows in frames, with zoom and pan. Boxes can be selected, and moved onto arrows. */

import { ActionIcon, Group } from "@mantine/core";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "../../words/translator";
import { type Graph, place } from "../../model/graph";
import { Icon, type IconName } from "../icons";
import "./graph.css";
import { Box, Edge, Frame, Handle } from "./shapes";
import { useDrag, useGround } from "./use-pointer";

const ZOOM_STEP = 1.25;
const MIN_ZOOM = 0.25;
const MAX_ZOOM = 3;
const MIN_READABLE_ZOOM = 0.5;
/** Boxes that are worked with are larger than those that are looked at. */
const MIN_WORKABLE_ZOOM = 0.8;
const FRAME_PX = 16;

interface Props {
  graph: Graph;
  label: string;
  direction?: "LR" | "TB";
  maxHeight?: number | string;
  selected?: string;
  onSelect?: (node: string) => void;
  /** Puts buttons on the arrows that have an id. */
  onInsert?: (edge: string) => void;
  /** A box was taken to an arrow. */
  onDrop?: (node: string, edge: string) => void;
}

export default function GraphView({ graph, label, direction = "LR", maxHeight = 420, selected, onSelect, onInsert, onDrop }: Props) {
  const { t } = useTranslation();
  const [zoom, setZoom] = useState(1);
  const picture = useRef<SVGSVGElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const arrow = useId();
  const placed = useMemo(() => place(graph, direction), [graph, direction]);
  const names = useMemo(() => new Map(placed.nodes.map((node) => [node.id, node.label || "•"])), [placed]);
  // A graph that is wider than its place begins so small that it is seen whole, as long as it can be read.
  const fit = () => {
    const room = scroller.current?.clientWidth ?? placed.width;
    setZoom(Math.min(1, Math.max(onInsert ? MIN_WORKABLE_ZOOM : MIN_READABLE_ZOOM, (room - FRAME_PX) / placed.width)));
  };
  // Once, when the place is known: later the zoom is the reader's.
  useLayoutEffect(fit, []);
  // What is selected elsewhere comes into sight.
  useEffect(() => {
    const box = placed.nodes.find((node) => node.id === selected);
    const frame = scroller.current;
    if (!box || !frame) return;
    const isSeen = (at: number, size: number, from: number, room: number) => at * zoom >= from && (at + size) * zoom <= from + room;
    if (isSeen(box.x, box.width, frame.scrollLeft, frame.clientWidth) && isSeen(box.y, box.height, frame.scrollTop, frame.clientHeight)) return;
    frame.scrollTo({ left: (box.x + box.width / 2) * zoom - frame.clientWidth / 2, top: (box.y + box.height / 2) * zoom - frame.clientHeight / 2 });
  }, [selected, placed, zoom]);
  const scale = (by: number) => setZoom((now) => Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, now * by)));
  const pan = useGround(scroller, scale);
  const { grabbed, target, grab } = useDrag(picture, placed.edges, onDrop);
  const save = () => saveSvg(picture.current!, label);
  const tools: [IconName, string, () => void][] = [
    ["plus", t("graph.in"), () => scale(ZOOM_STEP)],
    ["minus", t("graph.out"), () => scale(1 / ZOOM_STEP)],
    ["columns", t("graph.fit"), fit],
    ["download", t("graph.save"), save],
  ];
  return (
    <div className="rk-graph">
      <Group gap={2} className="rk-graph-tools">
        {tools.map(([icon, name, act]) => (
          <ActionIcon key={icon} variant="default" size="sm" onClick={act} aria-label={name}>
            <Icon name={icon} size={12} />
          </ActionIcon>
        ))}
      </Group>
      <div ref={scroller} className="rk-graph-scroll" style={{ maxHeight }} tabIndex={0} role="region" aria-label={label} onPointerDown={pan}>
        <svg
          ref={picture}
          xmlns="http://www.w3.org/2000/svg"
          role="group"
          aria-label={label}
          width={placed.width * zoom}
          height={placed.height * zoom}
          viewBox={`0 0 ${placed.width} ${placed.height}`}
          fontFamily="system-ui, sans-serif"
          fontSize="13"
        >
          <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
            <path d="M0 0L8 4L0 8z" fill="context-stroke" />
          </marker>
          {placed.groups.map((group) => (
            <Frame key={group.id} group={group} />
          ))}
          {placed.edges.map((edge, at) => (
            <Edge key={at} edge={edge} arrow={arrow} names={names} />
          ))}
          {placed.nodes.map((node) => (
            <Box key={node.id} node={node} isSelected={node.id === selected} onSelect={onSelect} onGrab={onDrop && grab} />
          ))}
          {onInsert &&
            placed.edges.map(
              (edge) =>
                edge.id !== undefined && (
                  <Handle key={edge.id} edge={edge} isTarget={target?.id === edge.id} label={t("graph.insert", { from: names.get(edge.from), to: names.get(edge.to) })} onPress={() => onInsert(edge.id!)} />
                ),
            )}
          {grabbed?.at && <rect className="rk-graph-ghost" x={grabbed.at.x - 50} y={grabbed.at.y - 16} width={100} height={32} rx={8} />}
        </svg>
      </div>
    </div>
  );
}

function saveSvg(picture: SVGSVGElement, label: string): void {
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: `${label}.svg` });
  link.click();
  URL.revokeObjectURL(url);
}
