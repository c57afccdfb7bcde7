import { Card, Group, Loader, SegmentedControl, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { type Point, WINDOWS } from "../../model/series";
import { Chart } from "../../ui/chart";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { type SlowTrace, SlowTraces, type SourceRow, SourceTable } from "./parts/stat-tables";
import { EventViews } from "./parts/views";

interface Stats {
  summary: { total_events: number; total_traces: number; avg_duration_ms: number | null; p95_duration_ms: number | null; error_rate: number };
  by_source: SourceRow[];
  slowest_traces: SlowTrace[];
  series?: Point[];
}

const REFRESH_MS = 30_000;
/** The root span of a request, so that each request counts once. */
const REQUESTS = { source: "http", component: "handler", action: "request.end" };

function useStats(app: string, window: string, more: Record<string, string>) {
  const { ms, interval } = WINDOWS[window]!;
  return useQuery<Stats>({
    queryKey: [app, "stats", window, more],
    queryFn: ({ signal }) => {
      const now = Date.now();
      const query = { from: new Date(now - ms).toISOString(), to: new Date(now).toISOString(), interval, ...more };
      return request<Stats>(app, "GET", "/_events/stats", { query, signal }).then((reply) => reply.data);
    },
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
}

/** Requests, their latency and errors over time, and what was slowest. */
export function StatsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const search = useSearch({ strict: false }) as { window?: string; entity?: string };
  const navigate = useNavigate();
  const entities = useAppSchema(app).entities.map((entity) => entity.name);
  const window = search.window !== undefined && search.window in WINDOWS ? search.window : "1h";
  const about: Record<string, string> = search.entity ? { entity: search.entity } : {};
  const requests = useStats(app, window, { ...REQUESTS, ...about });
  const all = useStats(app, window, about);
  const change = (part: Record<string, string | undefined>) => void navigate({ to: ".", search: { ...search, ...part } as never, replace: true });
  const error = requests.error ?? all.error;
  return (
    <Page title={t("events.statsTitle")} help={t("events.statsHelp")} actions={<EventViews shown="stats" />}>
      <Stack>
        <Group>
          <SegmentedControl size="xs" w="fit-content" aria-label={t("events.window")} value={window} onChange={(next) => change({ window: next })} data={Object.keys(WINDOWS)} />
          <Select size="xs" maw={220} clearable searchable aria-label={t("deliveries.entity")} placeholder={t("deliveries.entity")} data={entities} value={search.entity ?? null} onChange={(entity) => change({ entity: entity ?? undefined })} />
        </Group>
        {error && <Failed error={error} retry={() => void Promise.all([requests.refetch(), all.refetch()])} />}
        {!requests.data && !error && <Loader aria-label={t("shell.loading")} />}
        {requests.data && <Figures stats={requests.data} />}
        {requests.data?.series && <Charts series={requests.data.series} />}
        {all.data && (
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <SourceTable rows={all.data.by_source} />
            <SlowTraces app={app} traces={all.data.slowest_traces} />
          </SimpleGrid>
        )}
      </Stack>
    </Page>
  );
}

function Figures({ stats: { summary } }: { stats: Stats }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const figures: [string, string][] = [
    ["events.requests", number.format(summary.total_events)],
    ["events.average", summary.avg_duration_ms === null ? "–" : `${number.format(summary.avg_duration_ms)} ms`],
    ["events.p95", summary.p95_duration_ms === null ? "–" : `${number.format(summary.p95_duration_ms)} ms`],
    ["events.errorRate", `${number.format(summary.error_rate * 100)} %`],
  ];
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      {figures.map(([word, value]) => (
        <Card key={word} withBorder padding="sm">
          <Text size="xs" c="dimmed">
            {t(word)}
          </Text>
          <Text size="lg" fw={600}>
            {value}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}

function Charts({ series }: { series: Point[] }) {
  const { t } = useTranslation();
  const times = series.map((point) => point.at);
  const rate = series.map((point) => (point.count > 0 ? (100 * point.errors) / point.count : null));
  return (
    <SimpleGrid cols={{ base: 1, lg: 3 }}>
      <Chart
        kind="bars"
        title={t("events.requestsOverTime")}
        times={times}
        lines={[{ label: t("events.requests"), tone: "plain", values: series.map((point) => point.count) }, { label: t("events.errors"), tone: "bad", values: series.map((point) => point.errors) }]}
      />
      <Chart kind="lines" unit=" ms" title={t("events.latencyOverTime")} times={times} lines={[{ label: "p50", tone: "plain", values: series.map((point) => point.p50) }, { label: "p95", tone: "strong", values: series.map((point) => point.p95) }]} />
      <Chart kind="lines" unit=" %" title={t("events.errorsOverTime")} times={times} lines={[{ label: t("events.errorRate"), tone: "bad", values: rate }]} />
    </SimpleGrid>
  );
}
