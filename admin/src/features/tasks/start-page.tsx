import { Alert, Button, Loader, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { FormFields } from "../../fields/form-fields";
import { type Instance, type Startable, defaultsOf, filled, missingFor } from "../../model/tasks";
import { hintOf, messageOf, showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { RecordSelect } from "../../ui/record-select";
import { startableQuery } from "./queries";

/** Starts a workflow by hand: which one, for which record, with which form. */
export function StartPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/tasks/start" });
  const search = useSearch({ strict: false }) as { workflow?: string; entity?: string; record?: string };
  const found = useQuery(startableQuery(app));
  const [picked, pick] = useState(search.workflow ?? null);
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const fitting = found.data.filter((each) => search.entity === undefined || each.entity === search.entity);
  const chosen = fitting.find((each) => each.name === picked) ?? (fitting.length === 1 ? fitting[0] : undefined);
  return (
    <Page title={t("start.title")} help={t("start.help")}>
      <Stack maw={560}>
        {fitting.length === 0 && <Text c="dimmed">{t("start.none")}</Text>}
        {fitting.length > 0 && <Select label={t("tasks.workflow")} searchable data={fitting.map((each) => each.name)} value={chosen?.name ?? null} onChange={pick} />}
        {chosen && <StartForm key={chosen.id} app={app} workflow={chosen} record={search.record ?? null} />}
      </Stack>
    </Page>
  );
}

const within = (errors: Record<string, string>, prefix: string) => Object.fromEntries(Object.entries(errors).filter(([field]) => field.startsWith(prefix)).map(([field, message]) => [field.slice(prefix.length), message]));

function StartForm({ app, workflow, record: first }: { app: string; workflow: Startable; record: string | null }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const entity = useAppSchema(app).entities.find((each) => each.name === workflow.entity);
  const [record, setRecord] = useState(first);
  const [form, setForm] = useState(() => defaultsOf(workflow.form));
  const [inputs, setInputs] = useState(() => defaultsOf(workflow.inputs));
  const [missing, setMissing] = useState<Record<string, string>>({});
  const start = useMutation({
    mutationFn: () =>
      request<Instance>(app, "POST", "/_workflows/start", {
        body: { workflow: workflow.name, ...(record ? { record_id: record } : {}), form: filled(form), context: filled(inputs) },
        headers: { "Idempotency-Key": crypto.randomUUID() },
      }),
    onSuccess: async ({ data }) => {
      showDone(t("start.started"));
      await client.invalidateQueries({ queryKey: [app] });
      await navigate({ to: "/$app/instances/$id", params: { app, id: data.id } });
    },
    meta: { shown: true },
  });
  const submit = () => {
    const lacking = (fields: Startable["form"], values: Record<string, unknown>, prefix: string) => missingFor(fields, values, "start").map((name): [string, string] => [`${prefix}.${name}`, t("tasks.required")]);
    const empty = [...lacking(workflow.form, form, "form"), ...lacking(workflow.inputs, inputs, "context"), ...(workflow.entity && !record ? [["record_id", t("tasks.required")] as [string, string]] : [])];
    setMissing(Object.fromEntries(empty));
    if (empty.length === 0) start.mutate();
  };
  const errors = { ...(isApiError(start.error, 422) ? start.error.byField : {}), ...missing };
  return (
    <Stack>
      {workflow.description && <Text size="sm">{workflow.description}</Text>}
      {start.error && (
        <Alert color="red" role="alert" title={messageOf(start.error)} style={{ whiteSpace: "pre-line" }}>
          {hintOf(start.error)}
        </Alert>
      )}
      {entity && <RecordSelect app={app} entity={entity} label={entity.name} value={record} onChange={setRecord} error={errors["record_id"]} />}
      <FormFields app={app} form={workflow.form} values={form} errors={within(errors, "form.")} onChange={setForm} />
      <FormFields app={app} form={workflow.inputs} values={inputs} errors={within(errors, "context.")} onChange={setInputs} />
      <Button loading={start.isPending} onClick={submit}>
        {t("start.title")}
      </Button>
    </Stack>
  );
}
