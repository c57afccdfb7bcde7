/** A graph as a picture: boxes and arrows, with zoom, and a table of the same for screen readers. */

import { ActionIcon, Group } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Graph, type PlacedEdge, type PlacedNode, place } from "../../model/graph";
import { Icon } from "../icons";

const ZOOM_STEP = 1.25;
const MIN_ZOOM = 0.25;
const MAX_ZOOM = 3;
const MIN_READABLE_ZOOM = 0.5;
const FRAME_PX = 16;
const LINE = 18;

interface Props {
  graph: Graph;
  label: string;
  direction?: "LR" | "TB";
  maxHeight?: number | string;
}

export default function GraphView({ graph, label, direction = "LR", maxHeight = 420 }: Props) {
  const { t } = useTranslation();
  const [zoom, setZoom] = useState(1);
  const picture = useRef<SVGSVGElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const arrow = useId();
  const placed = place(graph, direction);
  // A graph that is wider than its place begins so small that it is seen whole, as long as it can be read.
  const fit = () => {
    const room = scroller.current?.clientWidth ?? placed.width;
    setZoom(Math.min(1, Math.max(MIN_READABLE_ZOOM, (room - FRAME_PX) / placed.width)));
  };
  // Once, when the place is known: later the zoom is the reader's.
  useLayoutEffect(fit, []);
  const scale = (by: number) => setZoom(Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom * by)));
  const save = () => {
    const text = new XMLSerializer().serializeToString(picture.current!);
    const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: `${label}.svg` });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div className="rk-graph">
      <Group gap={2} className="rk-graph-tools">
        <ActionIcon variant="default" size="sm" onClick={() => scale(ZOOM_STEP)} aria-label={t("graph.in")}>
          <Icon name="plus" size={12} />
        </ActionIcon>
        <ActionIcon variant="default" size="sm" onClick={() => scale(1 / ZOOM_STEP)} aria-label={t("graph.out")}>
          <Icon name="minus" size={12} />
        </ActionIcon>
        <ActionIcon variant="default" size="sm" onClick={fit} aria-label={t("graph.fit")}>
          <Icon name="columns" size={12} />
        </ActionIcon>
        <ActionIcon variant="default" size="sm" onClick={save} aria-label={t("graph.save")}>
          <Icon name="download" size={12} />
        </ActionIcon>
      </Group>
      <div ref={scroller} className="rk-graph-scroll" style={{ maxHeight }} tabIndex={0} role="region" aria-label={label}>
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
          <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
            <path d="M0 0L8 4L0 8z" fill="currentColor" />
          </marker>
          {placed.edges.map((edge, at) => (
            <Edge key={at} edge={edge} arrow={arrow} />
          ))}
          {placed.nodes.map((node) => (
            <Box key={node.id} node={node} />
          ))}
        </svg>
      </div>
    </div>
  );
}

function Edge({ edge, arrow }: { edge: PlacedEdge; arrow: string }) {
  const path = edge.points.map((point, at) => `${at === 0 ? "M" : "L"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
  return (
    <g className="rk-graph-edge" role="img" aria-label={`${edge.from} → ${edge.to}${edge.label ? `: ${edge.label}` : ""}`}>
      <path d={path} fill="none" stroke="currentColor" strokeLinejoin="round" markerEnd={`url(#${arrow})`} />
      {edge.label && (
        <>
        <rect x={edge.at.x - edge.label.length * 3.3} y={edge.at.y - 8} width={edge.label.length * 6.6} height={16} />
        <text x={edge.at.x} y={edge.at.y + 4} textAnchor="middle" fontSize="11" fill="currentColor">
          {edge.label}
        </text>
        </>
      )}
    </g>
  );
}

function Box({ node }: { node: PlacedNode }) {
  const navigate = useNavigate();
  const follow = () => node.link && void navigate({ to: node.link });
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter") follow();
  };
  const texts = [node.label, ...(node.sub ? [node.sub] : []), ...(node.lines ?? [])];
  // A link is called by the text in it; a picture needs a name.
  const role = node.link
    ? { tabIndex: 0, role: "link", onClick: follow, onKeyDown: press, style: { cursor: "pointer" } }
    : { role: "img", "aria-label": texts.join(", ") };
  return (
    <g className="rk-graph-node" data-tone={node.tone ?? "plain"} {...role}>
      <rect x={node.x} y={node.y} width={node.width} height={node.height} rx={node.lines ? 4 : 10} fill="none" stroke="currentColor" />
      {texts.map((text, at) => (
        <text
          key={at}
          x={node.lines ? node.x + 10 : node.x + node.width / 2}
          y={node.y + LINE * (at + 1) - 1}
          textAnchor={node.lines ? "start" : "middle"}
          fontWeight={at === 0 ? 600 : 400}
          fontSize={at === 0 ? 13 : 12}
          opacity={at === 0 ? 1 : 0.85}
          fill="currentColor"
        >
          {text}
        </text>
      ))}
    </g>
  );
}
