import { useTranslation } from "../../../words/translator";
import type { SpanRow } from "../../../model/trace";
import { colourOf } from "../sources";

interface Props {
  id: string;
  row: SpanRow;
  total: number;
  top: number;
  height: number;
  isChosen: boolean;
  isMatch: boolean;
  /** Whether what is below it is seen; undefined where nothing is. */
  isOpen: boolean | undefined;
  onToggle: () => void;
  onChoose: () => void;
}

/** A span in a line: what it is, when it ran, how long. Plain elements, as there may be tens of thousands. */
export function SpanLine({ id, row: { span, depth, start, critical }, total, top, height, isChosen, isMatch, isOpen, onToggle, onChoose }: Props) {
  const { t } = useTranslation();
  const left = total > 0 ? Math.min(99.5, (start / total) * 100) : 0;
  const width = total > 0 ? Math.max(0.3, Math.min(100 - left, (Number(span.duration_ms) / total) * 100)) : 100;
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={isChosen}
      {...(isOpen === undefined ? {} : { "aria-expanded": isOpen })}
      className="rk-row rk-span"
      style={{ transform: `translateY(${top}px)`, height }}
      data-selected={isChosen}
      data-match={isMatch}
      data-critical={critical}
      onClick={onChoose}
    >
      <span className="rk-span-name" style={{ paddingInlineStart: 6 + Math.min(depth, 24) * 14 }}>
        <span
          className="rk-span-fold"
          aria-hidden="true"
          onClick={(event) => {
            event.stopPropagation();
            onToggle();
          }}
        >
          {isOpen === undefined ? "" : isOpen ? "▾" : "▸"}
        </span>
        {span.source} {span.action} {span.entity ?? ""}
      </span>
      <span className="rk-span-time" title={critical ? t("events.critical") : undefined}>
        <span style={{ insetInlineStart: `${left}%`, width: `${width}%`, background: colourOf(span.source, span.status) }} />
      </span>
      <span className="rk-span-ms">{Number(span.duration_ms).toFixed(1)} ms</span>
    </div>
  );
}
