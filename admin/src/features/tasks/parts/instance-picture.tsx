import { Group, Switch, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { drawnInstance, type InstanceGraph, type InstanceNode, secondsOf, withHeat } from "../../../model/instance-graph";
import type { Instance } from "../../../model/tasks";
import { Failed } from "../../../ui/failed";
import { LazyGraph } from "../../../ui/graph/lazy";
import { lengthInWords, wayWord } from "../../../ui/workflow-words";
import { graphQuery } from "../queries";

const MAX_REASON_CHARACTERS = 60;

/** The workflow that the instance goes by, with where it is and was, how often, how long that took, and what failed. */
export function InstancePicture({ app, instance, time }: { app: string; instance: Instance; time: string | undefined }) {
  const { t } = useTranslation();
  const [showsHeat, showHeat] = useState(false);
  const found = useQuery({ ...graphQuery(app, instance, time), placeholderData: keepPreviousData });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return null;
  return (
    <section aria-label={t("instances.picture")}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("instances.picture")}
        </Title>
        <Switch size="xs" label={t("instances.heat")} checked={showsHeat} onChange={(event) => showHeat(event.currentTarget.checked)} />
      </Group>
      <Picture graph={found.data} instance={instance} showsHeat={showsHeat} now={time} />
    </section>
  );
}

function Picture({ graph, instance, showsHeat, now }: { graph: InstanceGraph; instance: Instance; showsHeat: boolean; now: string | undefined }) {
  const { t } = useTranslation();
  const { failed } = instance;
  const drawing = useMemo(() => {
    const seconds = secondsOf(graph, now === undefined ? Date.now() : Date.parse(now));
    const subOf = (node: InstanceNode) => {
      const visits = node.visits > 1 ? `${node.visits}×` : "";
      const length = (seconds.get(node.id) ?? 0) >= 1 ? lengthInWords(seconds.get(node.id)!) : "";
      const reason = node.status === "failed" && failed?.step === node.id ? failed.reason.slice(0, MAX_REASON_CHARACTERS) : "";
      return [t(`flow.step.${node.type}`), node.status === "open" ? "" : t(`flow.stand.${node.status}`), visits, length, reason].filter(Boolean).join(" · ");
    };
    const drawn = drawnInstance(graph, {
      sub: subOf, returned: t("flow.status.returned"), end: t("flow.end"), start: t("flow.start"),
      way: (key, step) => (key.startsWith("branches.") ? t("flow.choice", { number: Number(key.split(".")[1]) + 1 }) : wayWord(t, key, step)),
      join: (step) => (step.type === "loop" ? t("flow.nextRound") : t("flow.joinHere")),
    });
    return showsHeat ? withHeat(drawn, seconds) : drawn;
  }, [graph, failed, showsHeat, now, t]);
  return <LazyGraph graph={drawing} label={t("instances.picture")} direction="TB" maxHeight={560} />;
}
