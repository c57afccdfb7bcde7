import { Group, Loader, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { request } from "../../api/client";
import { layOut, type Span, type SpanRow } from "../../model/trace";
import { Failed } from "../../ui/failed";
import { JsonView } from "../../ui/json-view";
import { Page } from "../../ui/page";

interface Trace {
  trace_id: string;
  root_span: Span;
  span_count: number;
  total_duration_ms: number;
}

const ROW_PX = 28;
const COLOURS: Record<string, string> = { http: "#4263eb", auth: "#ae3ec9", db: "#1098ad", engine: "#f08c00", webhook: "#d6336c", workflow: "#37b24d" };

/** All spans of one request, across services, as a waterfall. */
export function TracePage() {
  const { t } = useTranslation();
  const { app, trace } = useParams({ from: "/$app/events/$trace" });
  const found = useQuery({
    queryKey: [app, "trace", trace],
    queryFn: ({ signal }) => request<Trace>(app, "GET", `/_events/trace/${trace}`, { signal }).then((reply) => reply.data),
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const { root_span, span_count, total_duration_ms } = found.data;
  return (
    <Page fill title={t("events.traceTitle")} help={t("events.traceHelp", { count: span_count, ms: Number(total_duration_ms).toFixed(1) })}>
      <Waterfall root={root_span} total={Number(total_duration_ms)} />
    </Page>
  );
}

function Waterfall({ root, total }: { root: Span; total: number }) {
  const { t } = useTranslation();
  const rows = useMemo(() => layOut(root), [root]);
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<Span>();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 10 });
  const matches = (row: SpanRow) => search !== "" && `${row.span.source} ${row.span.action} ${row.span.entity ?? ""}`.includes(search);
  const count = search === "" ? 0 : rows.filter(matches).length;
  return (
    <>
      <Group>
        <TextInput size="xs" aria-label={t("events.search")} placeholder={t("events.search")} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
        {search && (
          <Text size="sm" c="dimmed" aria-live="polite">
            {t("events.found", { count })}
          </Text>
        )}
      </Group>
      <div ref={scroller} className="rk-grid">
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            return (
              <UnstyledButton
                key={row.span.span_id}
                className="rk-row"
                style={{ transform: `translateY(${item.start}px)`, height: ROW_PX, width: "100%" }}
                data-selected={matches(row) || row.span === chosen}
                onClick={() => setChosen(row.span)}
              >
                <SpanLine row={row} total={total} />
              </UnstyledButton>
            );
          })}
        </div>
      </div>
      {chosen && <JsonView value={{ ...chosen, children: undefined }} />}
    </>
  );
}

function SpanLine({ row: { span, depth, start, critical }, total }: { row: SpanRow; total: number }) {
  const left = total > 0 ? Math.min(99.5, (start / total) * 100) : 0;
  const width = total > 0 ? Math.max(0.5, Math.min(100 - left, (Number(span.duration_ms) / total) * 100)) : 100;
  const colour = span.status === "error" ? "var(--mantine-color-red-6)" : (COLOURS[span.source] ?? "var(--mantine-color-gray-6)");
  return (
    <Group wrap="nowrap" gap={0} w="100%" h="100%">
      <Text size="xs" w="38%" truncate ps={8 + depth * 14} fw={critical ? 700 : 400}>
        {span.source} {span.action} {span.entity ?? ""}
      </Text>
      <div style={{ position: "relative", flex: 1, height: 14 }}>
        <div style={{ position: "absolute", insetInlineStart: `${left}%`, width: `${width}%`, height: "100%", background: colour, borderRadius: 2 }} />
      </div>
      <Text size="xs" w={80} ta="end" pe={8}>
        {Number(span.duration_ms).toFixed(1)} ms
      </Text>
    </Group>
  );
}
