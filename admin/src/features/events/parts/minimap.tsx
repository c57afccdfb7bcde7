import { useEffect, useRef } from "react";
import { useTranslation } from "../../../words/translator";
import type { SpanRow } from "../../../model/trace";
import { colourOf } from "../sources";

const HEIGHT = 56;

interface Props {
  rows: SpanRow[];
  total: number;
  /** The rows in sight. */
  first: number;
  last: number;
  onGo: (row: number) => void;
}

/** The whole trace in a strip, with what is in sight; a click goes there. For the eye only: the tree says the same. */
export function Minimap({ rows, total, first, last, onGo }: Props) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const held = canvas.current!;
    const width = held.clientWidth;
    const scale = devicePixelRatio;
    held.width = width * scale;
    held.height = HEIGHT * scale;
    const pen = held.getContext("2d")!;
    pen.scale(scale, scale);
    const isRtl = document.documentElement.dir === "rtl";
    const line = Math.max(1, HEIGHT / Math.max(1, rows.length));
    rows.forEach(({ span, start }, at) => {
      const length = Math.max(1, (Number(span.duration_ms) / Math.max(total, 0.001)) * width);
      const left = Math.min(width - 1, (start / Math.max(total, 0.001)) * width);
      pen.fillStyle = span.status === "error" ? "#e03131" : colourOf(span.source);
      pen.fillRect(isRtl ? width - left - length : left, (at / Math.max(1, rows.length)) * HEIGHT, length, line);
    });
  }, [rows, total]);
  const share = (row: number) => `${(row / Math.max(1, rows.length)) * 100}%`;
  return (
    <div
      className="rk-minimap"
      aria-hidden="true"
      title={t("events.minimap")}
      onPointerDown={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        onGo(Math.floor(((event.clientY - box.top) / box.height) * rows.length));
      }}
    >
      <canvas ref={canvas} style={{ width: "100%", height: HEIGHT }} />
      <div style={{ top: share(first), height: share(last - first + 1) }} />
    </div>
  );
}
