import { Group, SegmentedControl, Stack, Switch } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { kpisQuery } from "../../../api/kpis";
import { secondsByStep, USUAL_PERIOD } from "../../../model/kpis";
import { Icon } from "../../../ui/icons";
import { LinkButton } from "../../../ui/link-button";
import { Canvas } from "./canvas";
import { useBuilder } from "./context";
import { Outline } from "./outline";

/** The canvas, or the outline: on a narrow screen the outline comes first. Of a stored workflow also how its runs do. */
export function Picture({ id }: { id: string | undefined }) {
  const { t } = useTranslation();
  const { app } = useBuilder();
  const isNarrow = useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false });
  const [chosen, choose] = useState<string>();
  const [showsHeat, showHeat] = useState(false);
  const view = chosen ?? (isNarrow ? "outline" : "canvas");
  const figures = useQuery({ ...kpisQuery(app, USUAL_PERIOD, id ?? ""), enabled: showsHeat && id !== undefined });
  const seconds = useMemo(() => (showsHeat && figures.data ? secondsByStep(figures.data.steps) : undefined), [showsHeat, figures.data]);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <SegmentedControl size="xs" aria-label={t("flow.view")} value={view} onChange={choose} data={["canvas", "outline"].map((each) => ({ value: each, label: t(`flow.view.${each}`) }))} />
        {id !== undefined && view === "canvas" && <Switch size="xs" label={t("flow.heat")} checked={showsHeat} onChange={(event) => showHeat(event.currentTarget.checked)} />}
        {id !== undefined && <Ways app={app} id={id} />}
      </Group>
      {view === "canvas" ? <Canvas seconds={seconds} /> : <Outline />}
    </Stack>
  );
}

/** To what has become of the workflow: its runs, its figures, and a trial on past ones. */
function Ways({ app, id }: { app: string; id: string }) {
  const { t } = useTranslation();
  return (
    <Group gap={4}>
      <LinkButton size="compact-sm" variant="subtle" to="/$app/define/workflows/$id/simulate" params={{ app, id }} leftSection={<Icon name="redo" size={12} />}>
        {t("simulate.open")}
      </LinkButton>
      <LinkButton size="compact-sm" variant="subtle" to="/$app/instances" params={{ app }} search={{ workflow: id } as never}>
        {t("nav.instances")}
      </LinkButton>
      <LinkButton size="compact-sm" variant="subtle" to="/$app/instances/figures" params={{ app }} search={{ workflow: id } as never}>
        {t("kpis.title")}
      </LinkButton>
    </Group>
  );
}
