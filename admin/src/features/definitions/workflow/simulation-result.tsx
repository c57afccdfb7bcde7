import { Alert, Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { withHeat } from "../../../model/instance-graph";
import { type Definition, idOfStep, stepsOf, type Step } from "../../../model/workflow";
import { workflowGraph } from "../../../model/workflow-graph";
import { LazyGraph } from "../../../ui/graph/lazy";
import { triggerWord, wayWord } from "../../../ui/workflow-words";
import "./builder.css";
import { ComparedTable } from "./compared-table";
import { type Simulation, VERDICTS, type Verdict, verdictOf } from "./simulation";

interface Props {
  app: string;
  definition: Definition;
  simulation: Simulation;
}

/** How many would have gone another way, which and where, and how often each step would have been passed. */
export function SimulationResult({ app, definition, simulation }: Props) {
  const { t } = useTranslation();
  const [verdict, setVerdict] = useState<Verdict>(() => VERDICTS.find((each) => simulation[each] > 0) ?? "same");
  const [step, setStep] = useState<string>();
  const rows = simulation.instances.filter((each) => verdictOf(each) === verdict && (step === undefined || each.differs_at === step));
  if (simulation.instances.length === 0) return <Text c="dimmed">{t("simulate.none")}</Text>;
  return (
    <Stack>
      {!simulation.complete && (
        <Alert color="yellow" p="xs">
          {t("simulate.incomplete")}
        </Alert>
      )}
      <SimpleGrid cols={3} role="group" aria-label={t("simulate.verdict")}>
        {VERDICTS.map((each) => (
          <Card key={each} component="button" type="button" withBorder padding="sm" className="rk-choice-card" aria-pressed={each === verdict} onClick={() => setVerdict(each)}>
            <Text size="xs" c="dimmed">
              {t(`simulate.${each}`)}
            </Text>
            <Text size="lg" fw={600}>
              {simulation[each]}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Passed definition={definition} simulation={simulation} selected={step} onSelect={(picked) => setStep(picked === step ? undefined : picked)} />
        <Stack gap="xs">
          {step !== undefined && <Text size="sm">{t("simulate.onlyAt", { step })}</Text>}
          <ComparedTable app={app} rows={rows} />
        </Stack>
      </SimpleGrid>
    </Stack>
  );
}

/** The definition that was tried; the fuller the colour of a step, the more often it would have been passed. */
function Passed({ definition, simulation, selected, onSelect }: Omit<Props, "app"> & { selected: string | undefined; onSelect: (step: string) => void }) {
  const { t } = useTranslation();
  const graph = useMemo(() => {
    const counts = new Map(simulation.steps.map((each) => [each.step, each]));
    const subOf = (step: Step) => {
      const found = counts.get(idOfStep(step)) ?? { was: 0, would: 0 };
      return [t(`flow.step.${String(step.type)}`), t(found.was === found.would ? "simulate.passed" : "simulate.passedOther", found)].join(" · ");
    };
    const drawn = workflowGraph(stepsOf(definition), {
      label: idOfStep, sub: subOf, way: (key, step) => wayWord(t, key, step), end: t("flow.end"),
      start: triggerWord(t, (definition["trigger"] ?? {}) as Step), join: (step) => (step.type === "loop" ? t("flow.nextRound") : t("flow.joinHere")),
      node: (step) => (counts.get(idOfStep(step))?.was === counts.get(idOfStep(step))?.would ? {} : { tone: "current" }),
    });
    return withHeat(drawn, new Map(simulation.steps.map((each) => [each.step, each.would])));
  }, [definition, simulation, t]);
  const known = new Set(graph.nodes.map((node) => node.id));
  const gone = simulation.steps.filter((each) => !known.has(each.step));
  return (
    <section aria-label={t("simulate.picture")}>
      <Title order={2} size="h6" mb="xs">
        {t("simulate.picture")}
      </Title>
      <LazyGraph graph={graph} label={t("simulate.picture")} direction="TB" maxHeight={560} {...(selected === undefined ? {} : { selected })} onSelect={onSelect} />
      {gone.length > 0 && <Text size="sm" mt="xs">{t("simulate.gone", { steps: gone.map((each) => `${each.step} (${each.was})`).join(", ") })}</Text>}
    </section>
  );
}
