import { Anchor, Card, SimpleGrid, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { type Kpis, rateMet } from "../../../model/kpis";
import { lengthInWords } from "../../../ui/workflow-words";

interface Props {
  app: string;
  kpis: Kpis;
  workflow: string | undefined;
}

interface Figure {
  word: string;
  value: string;
  /** What the list of its instances is asked. */
  search?: Record<string, string>;
  isBad?: boolean;
}

/** The figures of the period, each of those that count instances with the way to them. */
export function FigureCards({ app, kpis, workflow }: Props) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const { instances, duration, sla, window } = kpis;
  const about = { ...window, ...(workflow ? { workflow } : {}) };
  const met = rateMet(sla);
  const titled = (word: string) => t(word).replace(/^./u, (first) => first.toLocaleUpperCase(i18n.language));
  const length = (seconds: number | null) => (seconds === null ? "–" : lengthInWords(seconds));
  const figures: Figure[] = [
    { word: "kpis.started", value: number.format(instances.started), search: about },
    ...(["running", "completed", "failed", "cancelled"] as const).map((status) => ({ word: `flow.run.${status}`, value: number.format(instances[status]), search: { ...about, status }, isBad: status === "failed" && instances.failed > 0 })),
    { word: "kpis.p50", value: length(duration.p50) },
    { word: "kpis.p95", value: length(duration.p95) },
    { word: "kpis.met", value: met === undefined ? "–" : `${number.format(met)} %` },
    { word: "kpis.breached", value: number.format(sla.breached), search: { ...about, overdue: "true" }, isBad: sla.breached > 0 },
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      {figures.map((figure) => (
        <Card key={figure.word} withBorder padding="sm">
          <Text size="xs" c="dimmed">
            {titled(figure.word)}
          </Text>
          <Text size="lg" fw={600} component="div" {...(figure.isBad ? { c: "var(--mantine-color-error)" } : {})}>
            {figure.search ? (
              <Anchor component={Link} inherit c="inherit" underline="always" to={`/${app}/instances`} search={figure.search as never} aria-label={`${t(figure.word)}: ${figure.value}`}>
                {figure.value}
              </Anchor>
            ) : (
              figure.value
            )}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}
