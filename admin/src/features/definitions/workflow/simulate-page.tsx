import { Button, Group, Loader, Select, Stack, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import type { Definition } from "../../../model/workflow";
import { Failed } from "../../../ui/failed";
import { LinkButton } from "../../../ui/link-button";
import { Page } from "../../../ui/page";
import { draftOf } from "../draft";
import { definitionQuery, documentOf, versionQuery, versionsQuery } from "../queries";
import { SimulationResult } from "./simulation-result";
import { type Trial, useSimulation } from "./simulation";

const KIND = "workflows";
const DRAFT = "draft";
const NOW = "now";
const SAMPLES = ["20", "100", "500"];

/** What a draft, or a version, would have made of the instances of the past. Nothing is changed. */
export function SimulatePage() {
  const { t } = useTranslation();
  const { app, id } = useParams({ strict: false }) as { app: string; id: string };
  const found = useQuery(definitionQuery(app, KIND, id));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  return (
    <Page
      title={t("simulate.title", { name: String(found.data.data["name"]) })}
      help={t("simulate.help")}
      actions={
        <LinkButton size="xs" variant="default" to="/$app/define/$kind/$id" params={{ app, kind: KIND, id }}>
          {t("simulate.back")}
        </LinkButton>
      }
    >
      <TrialForm app={app} id={id} now={documentOf(KIND, found.data.data)} />
    </Page>
  );
}

function TrialForm({ app, id, now }: { app: string; id: string; now: Definition }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [draft] = useState(() => draftOf(`${app}/${KIND}/${id}`));
  const versions = useQuery(versionsQuery(app, KIND, id));
  const [which, setWhich] = useState(draft ? DRAFT : NOW);
  const [values, setValues] = useState({ sample: "100", from: "", to: "" });
  const run = useSimulation(app, id);
  const former = (versions.data ?? []).slice(1).map((each) => ({ value: String(each.version), label: t("migrate.versionOf", { version: each.version, when: timestampCell(each.at) }) }));
  const choices = [...(draft ? [{ value: DRAFT, label: t("simulate.draft") }] : []), { value: NOW, label: t("simulate.now") }, ...former];
  const definition = async (): Promise<Definition> => (which === DRAFT ? draft! : which === NOW ? now : documentOf(KIND, await client.fetchQuery(versionQuery(app, KIND, id, Number(which)))));
  const submit = async () => {
    const between = Object.fromEntries((["from", "to"] as const).filter((name) => values[name]).map((name) => [name, new Date(values[name]).toISOString()]));
    run.mutate({ definition: await definition(), sample: Number(values.sample), ...between } satisfies Trial);
  };
  return (
    <Stack>
      <Group gap="sm" align="flex-end">
        <Select label={t("simulate.which")} w={240} allowDeselect={false} data={choices} value={which} onChange={(picked) => picked && setWhich(picked)} />
        <Select label={t("simulate.sample")} w={150} allowDeselect={false} data={SAMPLES} value={values.sample} onChange={(sample) => sample && setValues({ ...values, sample })} />
        <TextInput type="date" label={t("instances.startedFrom")} value={values.from} onChange={(event) => setValues({ ...values, from: event.currentTarget.value })} />
        <TextInput type="date" label={t("instances.startedTo")} value={values.to} onChange={(event) => setValues({ ...values, to: event.currentTarget.value })} />
        <Button loading={run.isPending} onClick={() => void submit()}>
          {t("simulate.run")}
        </Button>
      </Group>
      {run.error && <Failed error={run.error} />}
      {run.data && <SimulationResult app={app} definition={run.variables!.definition} simulation={run.data} />}
    </Stack>
  );
}
