import { Anchor, Button, Group, List, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useContext, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { FormFields } from "../../../fields/form-fields";
import { defaultsOf, filled, type FormField, type Instance, missingFor, sharedForm } from "../../../model/tasks";
import { Failed } from "../../../ui/failed";
import { Status } from "../../../ui/status";
import { type Decision, decideAll, type Result } from "../queries";
import { NamesContext } from "./record-name";

interface Props {
  app: string;
  rows: Instance[];
  decision: Decision;
  onClose: () => void;
}

export const COLOURS = { approve: "teal.9", reject: "red.8", cancel: "red.8" };

/** Asks for the comment and, where all of them collect the same, the form; then tells the result of each. */
export function BulkDialog({ app, rows, decision, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [kept] = useState(rows);
  const form = decision === "cancel" ? [] : sharedForm(kept);
  const [comment, setComment] = useState("");
  const [values, setValues] = useState(() => defaultsOf(form));
  const [missing, setMissing] = useState<string[]>([]);
  const run = useMutation({
    mutationFn: () => decideAll(app, { ids: kept.map((row) => row.id), decision, comment, ...(form.length > 0 ? { form: filled(values) } : {}) }),
    meta: { shown: true },
  });
  const submit = () => {
    const empty = missingFor(form, values, decision);
    setMissing(empty);
    if (empty.length === 0) run.mutate();
  };
  const close = () => {
    onClose();
    if (run.data || run.error) void client.invalidateQueries({ queryKey: [app] });
  };
  return (
    <Modal opened onClose={close} title={t(`tasks.bulk.${decision}`, { count: kept.length })} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      {run.data ? (
        <Stack>
          <Results app={app} rows={kept} results={run.data} />
          <Button onClick={close}>{t("action.close")}</Button>
        </Stack>
      ) : (
        <Stack>
          {run.error && <Failed error={run.error} />}
          {decision !== "cancel" && kept.some((row) => asksMore(row, decision, form)) && (
            <Text size="sm" c="dimmed">
              {t("tasks.formsDiffer")}
            </Text>
          )}
          <FormFields app={app} form={form} values={values} errors={Object.fromEntries(missing.map((name) => [name, t("tasks.required")]))} onChange={setValues} />
          <Textarea label={t("tasks.comment")} autosize minRows={2} value={comment} onChange={(event) => setComment(event.currentTarget.value)} data-autofocus />
          <Button color={COLOURS[decision]} loading={run.isPending} onClick={submit}>
            {t(`tasks.bulk.${decision}`, { count: kept.length })}
          </Button>
        </Stack>
      )}
    </Modal>
  );
}

/** Whether a task asks for something that the shared form does not have. */
function asksMore(row: Instance, decision: Decision, form: FormField[]): boolean {
  return form.length === 0 && (row.approvals ?? []).some((approval) => missingFor(approval.form, {}, decision).length > 0);
}

function Results({ app, rows, results }: { app: string; rows: Instance[]; results: Result[] }) {
  const { t } = useTranslation();
  const names = useContext(NamesContext);
  const refused = results.filter((result) => result.status === "refused").length;
  const nameOf = (id: string) => {
    const row = rows.find((each) => each.id === id);
    return [row?.workflow_name ?? id, row && names.get(`${row.entity}/${row.record_id}`)].filter(Boolean).join(" · ");
  };
  const said = ({ error }: Result) => [error!.message, ...(error!.details ?? []).map((detail) => [detail.field, detail.message].filter(Boolean).join(": "))].filter((text, at, all) => all.indexOf(text) === at).join(" · ");
  return (
    <>
      <Text size="sm" role="status">
        {t("tasks.resultCount", { done: results.length - refused, refused })}
      </Text>
      <List size="sm" spacing={4} listStyleType="none" aria-label={t("tasks.results")}>
        {results.map((result) => (
          <List.Item key={result.id}>
            <Group gap="xs">
              <Status value={result.status === "ok" ? "done" : "failed"} label={t(`tasks.result.${result.status}`)} />
              <Anchor component={Link} size="sm" to={`/${app}/instances/${result.id}`}>
                {nameOf(result.id)}
              </Anchor>
            </Group>
            {result.error && (
              <Text size="sm" c="var(--mantine-color-error)" className="rk-break">
                {said(result)}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
    </>
  );
}
