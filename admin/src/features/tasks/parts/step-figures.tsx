import { Anchor, Progress, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import type { Kpis } from "../../../model/kpis";
import { lengthInWords } from "../../../ui/workflow-words";

const length = (seconds: number | null) => (seconds === null ? "–" : lengthInWords(seconds));

/** The steps in which instances have spent most of their time, all together. */
export function Bottlenecks({ app, kpis }: { app: string; kpis: Kpis }) {
  const { t } = useTranslation();
  const shown = kpis.bottlenecks.filter((each) => each.total_seconds >= 1);
  const most = Math.max(...shown.map((each) => each.total_seconds));
  return (
    <section aria-label={t("kpis.bottlenecks")}>
      <Title order={2} size="h6" mb="xs">
        {t("kpis.bottlenecks")}
      </Title>
      {shown.length === 0 && <Text size="sm" c="dimmed">{t("kpis.noBottleneck")}</Text>}
      {shown.map((each) => (
        <div key={`${each.workflow} ${each.step}`} style={{ marginBottom: 8 }}>
          <Anchor component={Link} size="sm" to={`/${app}/instances`} search={{ ...kpis.window, workflow: each.workflow, step: each.step } as never}>
            {each.workflow} · {each.step}
          </Anchor>
          <Text size="xs" c="dimmed">
            {t("kpis.bottleneckOf", { total: length(each.total_seconds), count: each.entered, average: length(each.avg_seconds) })}
          </Text>
          <Progress value={(100 * each.total_seconds) / most} color="orange" aria-hidden />
        </div>
      ))}
    </section>
  );
}

/** What happened at each step: how often, how long, and how often too long. */
export function StepTable({ app, kpis }: { app: string; kpis: Kpis }) {
  const { t } = useTranslation();
  if (kpis.steps.length === 0) return null;
  const open = (workflow: string, step: string) => ({ ...kpis.window, workflow, step, status: "running" }) as never;
  return (
    <section aria-label={t("kpis.steps")}>
      <Title order={2} size="h6" mb="xs">
        {t("kpis.steps")}
      </Title>
      <Table.ScrollContainer minWidth={620}>
        <Table fz="sm" highlightOnHover aria-label={t("kpis.steps")}>
          <Table.Thead>
            <Table.Tr>
              {["tasks.workflow", "tasks.step", "kpis.entered", "kpis.open", "kpis.average", "kpis.p95Short", "kpis.timedOut", "kpis.escalated"].map((word) => (
                <Table.Th key={word}>{t(word)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {kpis.steps.map((row) => (
              <Table.Tr key={`${row.workflow} ${row.step}`}>
                <Table.Td>{row.workflow}</Table.Td>
                <Table.Td>{row.step}</Table.Td>
                <Table.Td>{row.entered}</Table.Td>
                <Table.Td>
                  {row.open === 0 ? 0 : <Anchor component={Link} size="sm" to={`/${app}/instances`} search={open(row.workflow, row.step)} aria-label={t("kpis.openAt", { count: row.open, step: row.step })}>{row.open}</Anchor>}
                </Table.Td>
                <Table.Td>{length(row.avg_seconds)}</Table.Td>
                <Table.Td>{length(row.p95_seconds)}</Table.Td>
                <Table.Td>{row.timed_out}</Table.Td>
                <Table.Td>{row.escalated}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}
