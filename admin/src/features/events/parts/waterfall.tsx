import { Group, Switch, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { type Span, extentOf, holds, layOut, parentAt, seenRows } from "../../../model/trace";
import { JsonView } from "../../../ui/json-view";
import { Minimap } from "./minimap";
import { SpanLine } from "./span-line";
import { SpanSearch } from "./span-search";

const ROW_PX = 28;
const OVERSCAN = 10;

/** Spans in time. Arrow keys go through them, left and right close and open, Enter shows what a span holds. */
export function Waterfall({ root, total }: { root: Span; total: number }) {
  const { t } = useTranslation();
  const id = useId();
  const all = useMemo(() => layOut(root), [root]);
  const extent = useMemo(() => extentOf(all, total), [all, total]);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [onlyCritical, setOnlyCritical] = useState(false);
  const rows = useMemo(() => seenRows(all, collapsed, onlyCritical), [all, collapsed, onlyCritical]);
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search);
  const matches = useMemo(() => (wanted === "" ? [] : rows.flatMap((row, at) => (holds(row, wanted) ? [at] : []))), [rows, wanted]);
  const matching = useMemo(() => new Set(matches), [matches]);
  const [at, setAt] = useState(0);
  const [shown, setShown] = useState<Span>();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN });
  const items = virtual.getVirtualItems();
  const go = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    virtual.scrollToIndex(next, { align: "auto" });
  };
  const toggle = (span: Span, close: boolean) => {
    const next = new Set(collapsed);
    if (close) next.add(span.span_id);
    else next.delete(span.span_id);
    setCollapsed(next);
  };
  const press = (event: KeyboardEvent) => {
    const row = rows[at];
    const move = MOVES[event.key];
    if (!move || !row) return;
    event.preventDefault();
    const canOpen = row.span.children.length > 0;
    const isOpen = canOpen && !collapsed.has(row.span.span_id);
    if (move === "show") setShown(row.span);
    else if (move === "close" && isOpen) toggle(row.span, true);
    else if (move === "close") go(parentAt(rows, at));
    else if (move === "open" && canOpen && !isOpen) toggle(row.span, false);
    else if (move === "open") go(at + 1);
    else if (Number.isFinite(move)) go(at + move);
    else go(move > 0 ? rows.length - 1 : 0);
  };
  return (
    <>
      <Group gap="sm">
        <SpanSearch value={search} onChange={setSearch} matches={matches} at={at} onGo={go} />
        <Switch size="xs" label={t("events.onlyCritical")} checked={onlyCritical} onChange={(event) => setOnlyCritical(event.currentTarget.checked)} />
        <Text size="xs" c="dimmed">
          {t("events.keys")}
        </Text>
      </Group>
      <Minimap rows={rows} total={extent} first={items[0]?.index ?? 0} last={items.at(-1)?.index ?? 0} onGo={(row) => virtual.scrollToIndex(row, { align: "center" })} />
      <div ref={scroller} className="rk-grid" role="tree" aria-label={t("events.traceTitle")} tabIndex={0} aria-activedescendant={`${id}-${at}`} onKeyDown={press}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index]!;
            return (
              <SpanLine
                key={row.span.span_id}
                id={`${id}-${item.index}`}
                row={row}
                total={extent}
                top={item.start}
                height={ROW_PX}
                isChosen={item.index === at}
                isMatch={matching.has(item.index)}
                isOpen={row.span.children.length === 0 ? undefined : !collapsed.has(row.span.span_id)}
                onToggle={() => toggle(row.span, !collapsed.has(row.span.span_id))}
                onChoose={() => {
                  setAt(item.index);
                  setShown(row.span);
                }}
              />
            );
          })}
        </div>
      </div>
      {shown && (
        <section aria-label={t("events.span")} aria-live="polite">
          <JsonView value={{ ...shown, children: undefined }} />
        </section>
      )}
    </>
  );
}

const PAGE_ROWS = 15;
const MOVES: Record<string, number | "open" | "close" | "show"> = {
  ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY,
  ArrowRight: "open", ArrowLeft: "close", Enter: "show", " ": "show",
};
