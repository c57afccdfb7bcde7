import { Alert, Button, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { parseExact } from "../../../model/json";
import type { Row } from "../../../model/schema";
import { CodeInput } from "../../../ui/code/code-input";
import { Failed } from "../../../ui/failed";
import { RecordLinks } from "./record-links";
import { RecordPicker } from "./record-picker";
import { useScope } from "./scope";

interface Trial {
  violating: number;
  looked_at: number;
  complete: boolean;
  ids: string[];
}

const GROUNDS = ["stored", "past", "sample"] as const;

/** Which records would violate the rule as it is typed, before it is saved: those of now, of the past, or one to play with. */
export function RuleTrial() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const [ground, setGround] = useState<(typeof GROUNDS)[number]>("stored");
  const [moment, setMoment] = useState("");
  const [sample, setSample] = useState("{}");
  const entity = String(document["entity"]);
  const trial = useMutation({
    mutationFn: async () => {
      const more = ground === "past" ? { as_of: new Date(moment).toISOString() } : ground === "sample" ? { record: parseExact(sample) } : {};
      return { ground, ...(await request<Trial>(app, "POST", "/_admin/rules/try", { body: { ...document, ...more } })).data };
    },
    meta: { shown: true },
  });
  return (
    <Stack gap="xs" component="section" aria-label={t("rule.trial")}>
      <Group align="flex-end">
        <SegmentedControl size="xs" aria-label={t("rule.trial")} value={ground} onChange={(next) => setGround(next as typeof ground)} data={GROUNDS.map((each) => ({ value: each, label: t(`rule.ground.${each}`) }))} />
        {ground === "past" && <TextInput size="xs" type="datetime-local" step={1} aria-label={t("rule.moment")} value={moment} onChange={(event) => setMoment(event.currentTarget.value)} />}
        <Button size="xs" variant="default" loading={trial.isPending} disabled={ground === "past" && !moment} onClick={() => trial.mutate()}>
          {t(`rule.try.${ground}`)}
        </Button>
      </Group>
      {ground === "sample" && <Sample app={app} entity={entity} value={sample} onChange={setSample} />}
      <Text size="sm" c="dimmed">
        {t("rule.tryHelp")}
      </Text>
      {trial.error && <Failed error={trial.error} />}
      {trial.data && <Found app={app} entity={entity} trial={trial.data} isSample={trial.data.ground === "sample"} />}
    </Stack>
  );
}

function Found({ app, entity, trial, isSample }: { app: string; entity: string; trial: Trial; isSample: boolean }) {
  const { t } = useTranslation();
  const title = isSample ? t(trial.violating > 0 ? "rule.sampleViolates" : "rule.samplePasses") : t("rule.violating", { count: trial.violating, total: trial.looked_at });
  return (
    <Alert color={trial.violating > 0 ? "orange" : "teal"} title={title} role="status">
      {!trial.complete && <Text size="sm">{t("rule.incomplete")}</Text>}
      <RecordLinks app={app} entity={entity} ids={trial.ids} />
    </Alert>
  );
}

/** A record as JSON, to change at will; a stored one may be taken as the beginning. */
function Sample({ app, entity, value, onChange }: { app: string; entity: string; value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const [taken, setTaken] = useState<string | null>(null);
  const take = (id: string | null, row: Row | undefined) => {
    setTaken(id);
    if (row) onChange(JSON.stringify(row, null, 2));
  };
  return (
    <>
      <RecordPicker app={app} entity={entity} label={t("rule.take")} placeholder="" value={taken} onChange={take} />
      <CodeInput language="json" label={t("rule.sample")} value={value} onChange={onChange} minLines={3} />
    </>
  );
}
