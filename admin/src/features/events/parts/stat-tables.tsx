import { Anchor, Card, Group, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import { colourOf } from "../sources";

export interface SourceRow {
  source: string;
  count: number;
  avg_duration_ms: number | null;
  p95_duration_ms?: number | null;
  error_rate: number;
}

export interface SlowTrace {
  trace_id: string;
  duration_ms: number;
  action: string;
  entity: string | null;
  created_at: string;
}

const ms = (value: number | null | undefined) => (value === null || value === undefined ? "–" : `${Number(value).toFixed(1)} ms`);

/** How often and how long, by the part of the system. */
export function SourceTable({ rows }: { rows: SourceRow[] }) {
  const { t } = useTranslation();
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h6" mb={4}>
        {t("events.bySource")}
      </Title>
      <Table aria-label={t("events.bySource")} fz="sm">
        <Table.Thead>
          <Table.Tr>
            {["events.source", "events.count", "events.average", "events.p95", "events.errorRate"].map((word) => (
              <Table.Th key={word}>{t(word)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.source}>
              <Table.Td>
                <Group gap={6} wrap="nowrap">
                  <span className="rk-dot" style={{ background: colourOf(row.source) }} />
                  {row.source}
                </Group>
              </Table.Td>
              <Table.Td>{row.count}</Table.Td>
              <Table.Td>{ms(row.avg_duration_ms)}</Table.Td>
              <Table.Td>{ms(row.p95_duration_ms)}</Table.Td>
              <Table.Td>{(row.error_rate * 100).toFixed(1)} %</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

export function SlowTraces({ app, traces }: { app: string; traces: SlowTrace[] }) {
  const { t } = useTranslation();
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h6" mb={4}>
        {t("events.slowest")}
      </Title>
      {traces.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("events.none")}
        </Text>
      )}
      <Table aria-label={t("events.slowest")} fz="sm">
        <Table.Tbody>
          {traces.map((trace) => (
            <Table.Tr key={trace.trace_id}>
              <Table.Td>
                <Anchor component={Link} to={`/${app}/events/${trace.trace_id}`} size="sm">
                  {trace.action} {trace.entity}
                </Anchor>
              </Table.Td>
              <Table.Td>{ms(trace.duration_ms)}</Table.Td>
              <Table.Td>{timestampCell(trace.created_at)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
