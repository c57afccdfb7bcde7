import { Badge, Button, Group, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useTranslation } from "../../words/translator";
import { useEventStream } from "../../api/event-stream";
import { Page } from "../../ui/page";
import { Icon } from "../../ui/icons";
import { type EventRow, LiveRows } from "./parts/live-rows";
import { EventViews } from "./parts/views";
import { SOURCES } from "./sources";

const MAX_KEPT = 1_000;
const DRAW_MS = 250;
const TYPING_MS = 400;
const FILTERS = ["source", "action", "entity", "status"] as const;
type Search = Partial<Record<(typeof FILTERS)[number], string>>;

/** Events as they come, newest first; paused, they wait. */
export function LivePage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const search = useSearch({ strict: false }) as Search;
  const query = new URLSearchParams(FILTERS.flatMap((name) => (search[name] ? [[name, search[name]]] : [])));
  const { rows, waiting, isPaused, pause, clear, add, miss, missed } = useKept();
  const [state, retry] = useEventStream(app, query, ({ name, data }) => {
    if (name === "event") add(data as EventRow);
    if (name === "skipped") miss();
  });
  return (
    <Page
      fill
      title={t("events.liveTitle")}
      help={t("events.liveHelp")}
      actions={<EventViews shown="live" />}
    >
      <Filters search={search} />
      <Group gap="xs">
        <Button size="xs" variant={isPaused ? "filled" : "default"} onClick={() => pause(!isPaused)} aria-pressed={isPaused}>
          {isPaused ? t("events.resume", { count: waiting }) : t("events.pause")}
        </Button>
        <Button size="xs" variant="default" onClick={clear} leftSection={<Icon name="trash" size={14} />}>
          {t("events.clear")}
        </Button>
        <Badge variant="dot" color={state.kind === "live" ? "teal" : state.kind === "refused" ? "red" : "orange"} tt="none">
          {t(`events.state.${state.kind}`)}
        </Badge>
        {state.kind === "refused" && (
          <>
            <Text size="sm">{state.message}</Text>
            <Button size="compact-xs" variant="default" onClick={retry}>
              {t("action.retry")}
            </Button>
          </>
        )}
        {missed && (
          <Text size="sm" c="dimmed">
            {t("events.skipped")}
          </Text>
        )}
      </Group>
      <LiveRows app={app} rows={rows} />
    </Page>
  );
}

/** The newest events; what comes at once is drawn at once, and what comes while paused waits. */
function useKept() {
  const [rows, setRows] = useState<EventRow[]>([]);
  const [waiting, setWaiting] = useState(0);
  const [isPaused, setPaused] = useState(false);
  const [missed, setMissed] = useState(false);
  const held = useRef<EventRow[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const paused = useRef(false);
  const draw = () => {
    timer.current = undefined;
    if (paused.current) return setWaiting(held.current.length);
    const fresh = held.current;
    held.current = [];
    setWaiting(0);
    return setRows((before) => merged(fresh, before));
  };
  const add = (row: EventRow) => {
    held.current = [row, ...held.current].slice(0, MAX_KEPT);
    timer.current ??= setTimeout(draw, DRAW_MS);
  };
  const pause = (next: boolean) => {
    paused.current = next;
    setPaused(next);
    draw();
  };
  const clear = () => {
    held.current = [];
    setRows([]);
    setWaiting(0);
    setMissed(false);
  };
  return { rows, waiting, isPaused, pause, clear, add, missed, miss: () => setMissed(true) };
}

/** After a resumption an event may come twice. */
function merged(fresh: EventRow[], before: EventRow[]): EventRow[] {
  const known = new Set(before.map((row) => row.id));
  return [...fresh.filter((row) => !known.has(row.id)), ...before].slice(0, MAX_KEPT);
}

function Filters({ search }: { search: Search }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const change = (part: Search) => void navigate({ to: ".", search: { ...search, ...part } as never, replace: true });
  const type = useDebouncedCallback((name: keyof Search, value: string) => change({ [name]: value || undefined } as Search), TYPING_MS);
  return (
    <Group gap="xs">
      <Select size="xs" w={150} clearable aria-label={t("events.source")} placeholder={t("events.source")} data={[...SOURCES]} value={search.source ?? null} onChange={(source) => change({ source: source ?? undefined } as Search)} />
      <TextInput size="xs" w={170} aria-label={t("audit.action")} placeholder={t("audit.action")} defaultValue={search.action ?? ""} onChange={(event) => type("action", event.currentTarget.value)} />
      <TextInput size="xs" w={150} aria-label={t("deliveries.entity")} placeholder={t("deliveries.entity")} defaultValue={search.entity ?? ""} onChange={(event) => type("entity", event.currentTarget.value)} />
      <Select size="xs" w={130} clearable aria-label={t("instances.status")} placeholder={t("instances.status")} data={["ok", "error"]} value={search.status ?? null} onChange={(status) => change({ status: status ?? undefined } as Search)} />
    </Group>
  );
}
