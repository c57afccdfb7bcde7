/** The parts of a graph's picture: frames, arrows, and boxes. */

import { useNavigate } from "@tanstack/react-router";
import type { KeyboardEvent, PointerEvent } from "react";
import type { PlacedEdge, PlacedGroup, PlacedNode } from "../../model/graph";

const LINE = 18;

export function Frame({ group }: { group: PlacedGroup }) {
  return (
    <g className="rk-graph-frame">
      <rect x={group.x} y={group.y} width={group.width} height={group.height} rx={8} fill="none" stroke="currentColor" />
      {group.label && (
        <text x={group.x + 8} y={group.y + 15} fontSize="11" fontWeight={600} fill="currentColor">
          {group.label}
        </text>
      )}
    </g>
  );
}

interface EdgeProps {
  edge: PlacedEdge;
  arrow: string;
  /** What its ends are called. */
  names: Map<string, string>;
}

export function Edge({ edge, arrow, names }: EdgeProps) {
  const path = edge.points.map((point, at) => `${at === 0 ? "M" : "L"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
  const said = `${names.get(edge.from)} → ${names.get(edge.to)}${edge.label ? `: ${edge.label}` : ""}`;
  return (
    <g className="rk-graph-edge" data-taken={edge.taken} role="img" aria-label={said}>
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

/** Where the button of an arrow stands: beside its label. */
export function handleOf(edge: PlacedEdge): { x: number; y: number } {
  return edge.label ? { x: edge.at.x + edge.label.length * 3.3 + 11, y: edge.at.y } : edge.at;
}

const onEnter = (act: () => void) => (event: KeyboardEvent) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  act();
};

/** A button on an arrow. */
export function Handle({ edge, label, isTarget, onPress }: { edge: PlacedEdge; label: string; isTarget: boolean; onPress: () => void }) {
  const { x, y } = handleOf(edge);
  return (
    <g className="rk-graph-handle" data-target={isTarget} role="button" tabIndex={0} aria-label={label} onClick={onPress} onKeyDown={onEnter(onPress)}>
      <circle cx={x} cy={y} r={8} />
      <path d={`M${x - 4} ${y}h8M${x} ${y - 4}v8`} stroke="currentColor" fill="none" />
    </g>
  );
}

interface BoxProps {
  node: PlacedNode;
  isSelected: boolean;
  onSelect?: ((id: string) => void) | undefined;
  onGrab?: ((event: PointerEvent, id: string) => void) | undefined;
}

export function Box({ node, isSelected, onSelect, onGrab }: BoxProps) {
  const navigate = useNavigate();
  const follow = () => void navigate({ to: node.link! });
  const texts = [node.label, node.sub ?? "", ...(node.lines ?? [])].filter((text, at) => at === 0 || text !== "");
  const named = [...texts, ...(node.badge ? [node.badge] : [])].filter((text) => text !== "").join(", ");
  // Links and buttons are called by the text in them; a picture needs a name.
  const role = node.link
    ? { tabIndex: 0, role: "link", onClick: follow, onKeyDown: onEnter(follow), style: { cursor: "pointer" } }
    : onSelect && node.label !== ""
      ? {
          tabIndex: 0, role: "button", "aria-pressed": isSelected, style: { cursor: "pointer" },
          onClick: () => onSelect(node.id), onKeyDown: onEnter(() => onSelect(node.id)), onPointerDown: (event: PointerEvent) => onGrab?.(event, node.id),
        }
      : { role: "img", "aria-label": named || "•" };
  return (
    <g className="rk-graph-node" data-tone={node.tone ?? "plain"} data-selected={isSelected} {...role}>
      <rect x={node.x} y={node.y} width={node.width} height={node.height} rx={node.lines ? 4 : 10} fill="none" stroke="currentColor" />
      {node.heat !== undefined && <rect className="rk-graph-heat" x={node.x} y={node.y} width={node.width} height={node.height} rx={10} style={{ fillOpacity: 0.08 + node.heat * 0.5 }} />}
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
          {at > 0 ? ` ${text}` : text}
        </text>
      ))}
      {node.badge && <Badge node={node} />}
    </g>
  );
}

function Badge({ node }: { node: PlacedNode }) {
  const width = Math.max(18, node.badge!.length * 6.4 + 10);
  const x = node.x + node.width - width / 2;
  return (
    <g className="rk-graph-badge">
      <rect x={x} y={node.y - 9} width={width} height={18} rx={9} />
      <text x={x + width / 2} y={node.y + 4} textAnchor="middle" fontSize="11" fontWeight={600}>
        {node.badge}
      </text>
    </g>
  );
}
