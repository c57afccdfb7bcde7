import { Button, Group, List, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Instance } from "../../../model/tasks";
import { messageOf } from "../../../ui/errors";
import { Status } from "../../../ui/status";
import { type Decision, decideAll } from "../queries";

interface Props {
  app: string;
  rows: Instance[];
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
  decisions?: Decision[];
}

const COLOURS = { approve: "teal.9", reject: "red.8", cancel: "red.8" };

/** One decision about several tasks, with the result of each. */
export function BulkBar({ app, rows, chosen, choose, decisions = ["approve", "reject"] }: Props) {
  const { t } = useTranslation();
  const [asked, ask] = useState<Decision>();
  const marked = rows.filter((row) => chosen.has(row.id));
  const all = () => choose(marked.length === rows.length ? new Set() : new Set(rows.map((row) => row.id)));
  return (
    <Group gap="xs">
      <Button size="compact-sm" variant="subtle" onClick={all}>
        {t(marked.length === rows.length ? "tasks.selectNone" : "tasks.selectAll")}
      </Button>
      {marked.length > 0 &&
        decisions.map((decision) => (
          <Button key={decision} size="compact-sm" variant="default" onClick={() => ask(decision)}>
            {t(`tasks.bulk.${decision}`, { count: marked.length })}
          </Button>
        ))}
      {asked && (
        <BulkDialog
          app={app}
          rows={marked}
          decision={asked}
          onClose={() => {
            ask(undefined);
            choose(new Set());
          }}
        />
      )}
    </Group>
  );
}

function BulkDialog({ app, rows, decision, onClose }: { app: string; rows: Instance[]; decision: Decision; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [kept] = useState(rows);
  const [comment, setComment] = useState("");
  const run = useMutation({
    mutationFn: () => decideAll(app, kept.map((row) => row.id), decision, comment),
    meta: { shown: true },
  });
  const close = () => {
    onClose();
    if (run.data) void client.invalidateQueries({ queryKey: [app] });
  };
  const name = (id: string) => kept.find((row) => row.id === id)?.workflow_name ?? id;
  return (
    <Modal opened onClose={close} title={t(`tasks.bulk.${decision}`, { count: kept.length })} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      {run.data ? (
        <Stack>
          <List size="sm" spacing={4} listStyleType="none" aria-label={t("tasks.results")}>
            {run.data.map((result) => (
              <List.Item key={result.id}>
                <Group gap="xs">
                  <Status value={result.error ? "failed" : "done"} /> <Text size="sm">{name(result.id)}</Text>
                  {result.error && <Text size="sm" c="var(--mantine-color-error)">{messageOf(result.error)}</Text>}
                </Group>
              </List.Item>
            ))}
          </List>
          <Button onClick={close}>{t("action.close")}</Button>
        </Stack>
      ) : (
        <Stack>
          <Textarea label={t("tasks.comment")} autosize minRows={2} value={comment} onChange={(event) => setComment(event.currentTarget.value)} data-autofocus />
          <Button color={COLOURS[decision]} loading={run.isPending} onClick={() => run.mutate()}>
            {t(`tasks.bulk.${decision}`, { count: kept.length })}
          </Button>
        </Stack>
      )}
    </Modal>
  );
}
