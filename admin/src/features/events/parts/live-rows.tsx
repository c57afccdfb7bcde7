import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { useTranslation } from "../../../words/translator";
import { colourOf } from "../sources";

export interface EventRow {
  id: string;
  trace_id: string;
  source: string;
  component: string;
  action: string;
  entity: string | null;
  duration_ms: number | null;
  status: string;
  metadata: Record<string, unknown> | null;
  created_at: string;
}

const ROW_PX = 30;
const OVERSCAN = 6;

/** Events in lines, each coloured by its source; only those in sight are drawn. */
export function LiveRows({ app, rows }: { app: string; rows: EventRow[] }) {
  const { t, i18n } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN, getItemKey: (at) => rows[at]!.id });
  const clock = new Intl.DateTimeFormat(i18n.language, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
  return (
    <div ref={scroller} className="rk-grid" role="log" aria-label={t("events.liveTitle")} aria-live="off" tabIndex={0}>
      {rows.length === 0 && (
        <Text c="dimmed" p="sm">
          {t("events.waiting")}
        </Text>
      )}
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          return (
            <div key={row.id} className="rk-row rk-event" style={{ transform: `translateY(${item.start}px)`, height: ROW_PX, borderInlineStartColor: colourOf(row.source, row.status) }}>
              <span className="rk-mono">{clock.format(new Date(row.created_at))}</span>
              <span style={{ width: 80 }}>{row.source}</span>
              <Anchor component={Link} to={`/${app}/events/${row.trace_id}`} size="sm">
                {row.action} {describe(row)}
              </Anchor>
              <span>{row.entity}</span>
              <span>{row.duration_ms === null ? "" : `${Number(row.duration_ms).toFixed(1)} ms`}</span>
              {row.status === "error" && <span style={{ color: "var(--mantine-color-error)" }}>{row.status}</span>}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function describe({ source, metadata }: EventRow): string {
  return source === "http" ? `${String(metadata?.["method"] ?? "")} ${String(metadata?.["path"] ?? "")} ${String(metadata?.["status_code"] ?? "")}` : "";
}
