import { Alert, Button, Code, FileButton, Group, List, Stack, Textarea, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { request } from "../../api/client";
import { parseExact } from "../../model/json";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { JsonView } from "../../ui/json-view";
import { Page } from "../../ui/page";

interface Plan {
  statements?: string[];
  warnings?: { path: string; message: string }[];
  violations?: { entity: string; field: string | null; rule: string; rows: number }[];
}

/** All definitions of the app as one document: out, and in again with a plan first. */
export function ExchangePage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/exchange" });
  const client = useQueryClient();
  const [text, setText] = useState("");
  const plan = useMutation({
    mutationFn: () => request<Plan>(app, "POST", "/_admin/schema/plan", { body: parseExact(text) }).then((reply) => reply.data),
    meta: { shown: true },
  });
  const bring = useMutation({
    mutationFn: () => request<unknown>(app, "POST", "/_admin/import", { body: parseExact(text) }).then((reply) => reply.data),
    onSuccess: async () => {
      showDone(t("exchange.imported"));
      await client.invalidateQueries({ queryKey: [app] });
    },
    meta: { shown: true },
  });
  const save = useMutation({
    mutationFn: async () => {
      const { data } = await request<unknown>(app, "GET", "/_admin/export");
      const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
      Object.assign(document.createElement("a"), { href: url, download: `${app}.json` }).click();
      URL.revokeObjectURL(url);
    },
  });
  const error = plan.error ?? bring.error;
  return (
    <Page
      title={t("nav.exchange")}
      help={t("exchange.help")}
      actions={
        <Button size="xs" loading={save.isPending} onClick={() => save.mutate()}>
          {t("exchange.export")}
        </Button>
      }
    >
      <Stack>
        <Title order={2} size="h5">
          {t("exchange.import")}
        </Title>
        {error && <Failed error={error} />}
        <Textarea aria-label={t("exchange.document")} placeholder={t("exchange.document")} autosize minRows={8} maxRows={24} classNames={{ input: "rk-mono" }} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Group>
          <FileButton accept="application/json" onChange={(file) => void file?.text().then(setText)}>
            {(props) => (
              <Button {...props} variant="default">
                {t("exchange.file")}
              </Button>
            )}
          </FileButton>
          <Button variant="default" disabled={!text} loading={plan.isPending} onClick={() => plan.mutate()}>
            {t("definitions.showPlan")}
          </Button>
          <Button disabled={!text} loading={bring.isPending} onClick={() => bring.mutate()}>
            {t("exchange.import")}
          </Button>
        </Group>
        {plan.data && (
          <Alert color="blue" title={t("definitions.plan")}>
            <Code block>{(plan.data.statements ?? []).join(";\n") || t("definitions.planNothing")}</Code>
            <List size="sm" mt="xs">
              {(plan.data.warnings ?? []).map((warning) => (
                <List.Item key={`${warning.path} ${warning.message}`}>
                  {warning.path}: {warning.message}
                </List.Item>
              ))}
              {(plan.data.violations ?? []).map((violation) => (
                <List.Item key={`${violation.entity} ${violation.field} ${violation.rule}`}>
                  {t("violations.count", { count: violation.rows, entity: violation.entity, field: violation.field ?? "", rule: t(`violations.${violation.rule}`, { defaultValue: violation.rule }) })}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        {bring.data !== undefined && <JsonView value={bring.data} />}
      </Stack>
    </Page>
  );
}
