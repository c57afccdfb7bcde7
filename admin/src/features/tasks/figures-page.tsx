import { Alert, Loader, SegmentedControl, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { kpisQuery } from "../../api/kpis";
import { type Kpis, PERIODS, USUAL_PERIOD, unitFor, wholeSeries } from "../../model/kpis";
import { Chart } from "../../ui/chart";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { useWorkflowNames } from "./instance-filters";
import { FigureCards } from "./parts/figure-cards";
import { Bottlenecks, StepTable } from "./parts/step-figures";
import { WaitingTable } from "./parts/waiting-table";

/** How workflows do over a period: how many, how long, where they wait, and for whom. Each figure leads to its instances. */
export function FiguresPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const search = useSearch({ strict: false }) as { period?: string; workflow?: string };
  const navigate = useNavigate();
  const period = search.period !== undefined && search.period in PERIODS ? search.period : USUAL_PERIOD;
  const found = useQuery({ ...kpisQuery(app, period, search.workflow), placeholderData: keepPreviousData });
  const names = useWorkflowNames(app);
  const shown = [...new Set([...names, ...(found.data?.steps ?? []).map((step) => step.workflow), ...(search.workflow ? [search.workflow] : [])])].sort();
  const change = (part: Record<string, string | undefined>) => void navigate({ to: ".", search: { ...search, ...part } as never, replace: true });
  return (
    <Page title={t("kpis.titleLong")} help={t("kpis.help")}>
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <SegmentedControl size="xs" w="fit-content" aria-label={t("kpis.period")} value={period} onChange={(next) => change({ period: next })} data={Object.entries(PERIODS).map(([value, { days }]) => ({ value, label: t("kpis.days", { count: days }) }))} />
          <Select size="xs" maw={260} clearable searchable aria-label={t("tasks.workflow")} placeholder={t("kpis.allWorkflows")} data={shown} value={search.workflow ?? null} onChange={(workflow) => change({ workflow: workflow ?? undefined })} />
        </SimpleGrid>
        {found.error && <Failed error={found.error} retry={() => void found.refetch()} />}
        {!found.data && !found.error && <Loader aria-label={t("shell.loading")} />}
        {found.data && <Shown app={app} kpis={found.data} period={period} workflow={search.workflow} />}
      </Stack>
    </Page>
  );
}

function Shown({ app, kpis, period, workflow }: { app: string; kpis: Kpis; period: string; workflow: string | undefined }) {
  const { t } = useTranslation();
  return (
    <>
      {!kpis.complete && (
        <Alert color="yellow" p="xs">
          {t("kpis.incomplete")}
        </Alert>
      )}
      <FigureCards app={app} kpis={kpis} workflow={workflow} />
      {kpis.instances.started === 0 ? <Text c="dimmed">{t("kpis.none")}</Text> : <Charts kpis={kpis} period={period} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Bottlenecks app={app} kpis={kpis} />
        <WaitingTable app={app} rows={kpis.pending_by_approver} window={kpis.window} workflow={workflow} />
      </SimpleGrid>
      <StepTable app={app} kpis={kpis} />
    </>
  );
}

function Charts({ kpis, period }: { kpis: Kpis; period: string }) {
  const { t } = useTranslation();
  const points = wholeSeries(kpis.series ?? [], kpis.window, PERIODS[period]!.group);
  const times = points.map((point) => point.at);
  const lengths = points.map((point) => point.avg_seconds);
  const { unit, seconds } = unitFor(lengths);
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Chart
        kind="bars"
        scale="days"
        title={t("kpis.startedOverTime")}
        times={times}
        lines={[
          { label: t("kpis.started"), tone: "plain", values: points.map((point) => point.started) },
          { label: t("kpis.notCompleted"), tone: "strong", values: points.map((point) => point.started - point.completed) },
          { label: t("flow.run.failed"), tone: "bad", values: points.map((point) => point.failed) },
        ]}
      />
      <Chart kind="bars" scale="days" unit={` ${t(`kpis.unit.${unit}`)}`} title={t("kpis.lengthOverTime")} times={times} lines={[{ label: t("kpis.average"), tone: "plain", values: lengths.map((each) => (each === null ? null : each / seconds)) }]} />
    </SimpleGrid>
  );
}
