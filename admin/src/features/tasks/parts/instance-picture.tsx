import { Group, Switch, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { keys, useIsAdmin } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { toneOf, type Visit, visitsOf, withHeat } from "../../../model/instance-graph";
import type { Instance } from "../../../model/tasks";
import { type Definition, idOfStep, stepsOf, type Step } from "../../../model/workflow";
import { workflowGraph } from "../../../model/workflow-graph";
import { LazyGraph } from "../../../ui/graph/lazy";
import { lengthInWords, triggerWord, wayWord } from "../../../ui/workflow-words";

/** The workflow, with where the instance is and was, how often, and how long that took. */
export function InstancePicture({ app, instance }: { app: string; instance: Instance }) {
  const isAdmin = useIsAdmin(app);
  const found = useQuery({
    queryKey: [...keys.definitions(app, "workflows"), instance.workflow_id],
    queryFn: ({ signal }) => request<Definition>(app, "GET", `/_admin/workflows/${instance.workflow_id}`, { signal }),
    enabled: isAdmin,
    retry: false,
    meta: { shown: true },
  });
  return found.data ? <Picture definition={found.data.data} instance={instance} /> : null;
}

function Picture({ definition, instance }: { definition: Definition; instance: Instance }) {
  const { t } = useTranslation();
  const [showsHeat, showHeat] = useState(false);
  const graph = useMemo(() => {
    const visits = visitsOf(instance);
    const drawn = workflowGraph(stepsOf(definition), {
      label: idOfStep,
      sub: (step) => [t(`flow.step.${String(step.type)}`), visited(visits.get(idOfStep(step)))].filter(Boolean).join(" · "),
      way: (key, step) => wayWord(t, key, step),
      end: t("flow.end"),
      start: triggerWord(t, (definition["trigger"] ?? {}) as Step),
      join: (step) => (step.type === "loop" ? t("flow.nextRound") : t("flow.joinHere")),
      node: (step) => ({ tone: toneOf(idOfStep(step), instance, visits) }),
    });
    const seconds = new Map([...visits].map(([step, visit]): [string, number] => [step, visit.seconds]));
    return showsHeat ? withHeat(drawn, seconds) : drawn;
    function visited(visit: Visit | undefined) {
      return visit && [visit.visits > 1 ? `${visit.visits}×` : "", lengthInWords(visit.seconds)].filter(Boolean).join(" ");
    }
  }, [definition, instance, showsHeat, t]);
  return (
    <section aria-label={t("instances.picture")}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("instances.picture")}
        </Title>
        <Switch size="xs" label={t("instances.heat")} checked={showsHeat} onChange={(event) => showHeat(event.currentTarget.checked)} />
      </Group>
      <LazyGraph graph={graph} label={t("instances.picture")} direction="TB" maxHeight={560} />
    </section>
  );
}
