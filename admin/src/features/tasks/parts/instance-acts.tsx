import { Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useMe } from "../../../api/app-schema";
import { request } from "../../../api/client";
import type { Instance } from "../../../model/tasks";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useInstanceAct } from "../queries";
import { MigrateButton } from "./migrate-button";

/** What can be done with an instance as a whole: go on after a failure, move it to another version, cancel it, delete it when it has ended. */
export function InstanceActs({ app, instance }: { app: string; instance: Instance }) {
  const { t } = useTranslation();
  const me = useMe(app);
  const act = useInstanceAct(app, instance.id);
  const isAdmin = me?.roles.includes("admin") ?? false;
  const isUnended = instance.status === "running" || instance.status === "failed";
  const mayCancel = isUnended && (isAdmin || instance.initiator?.id === me?.id);
  const retry = async () => {
    if (await act.mutateAsync({ act: "retry", body: {} }).catch(() => undefined)) showDone(t("instances.retried"));
  };
  return (
    <>
      {act.error && <Failed error={act.error} />}
      {isUnended && isAdmin && <MigrateButton app={app} instances={[instance]} size="xs" />}
      {instance.status === "failed" && isAdmin && (
        <Button size="xs" loading={act.isPending} onClick={() => void retry()}>
          {t("instances.retry")}
        </Button>
      )}
      {mayCancel && <Cancel app={app} instance={instance} />}
      {isAdmin && instance.status !== "running" && <Delete app={app} instance={instance} />}
    </>
  );
}

function Cancel({ app, instance }: { app: string; instance: Instance }) {
  const { t } = useTranslation();
  const act = useInstanceAct(app, instance.id);
  const [asking, ask] = useState(false);
  const [reason, setReason] = useState("");
  const submit = async () => {
    if (!(await act.mutateAsync({ act: "cancel", body: reason ? { reason } : {} }).catch(() => undefined))) return;
    showDone(t("instances.cancelled"));
    ask(false);
  };
  return (
    <>
      <Button size="xs" color="red" variant="light" onClick={() => ask(true)}>
        {t("instances.cancelIt")}
      </Button>
      <Modal opened={asking} onClose={() => ask(false)} title={t("instances.cancelIt")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
        <Stack>
          {act.error && <Failed error={act.error} />}
          <Textarea label={t("tasks.reason")} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
          <Button color="red" loading={act.isPending} onClick={() => void submit()}>
            {t("instances.cancelIt")}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}

function Delete({ app, instance }: { app: string; instance: Instance }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, ask] = useState(false);
  const remove = useMutation({
    mutationFn: () => request(app, "DELETE", `/_workflows/${instance.id}`),
    onSuccess: async () => {
      showDone(t("instances.deleted"));
      await navigate({ to: "/$app/instances", params: { app } });
      await client.invalidateQueries({ queryKey: [app, "listing"] });
    },
  });
  return (
    <>
      <Button size="xs" color="red" variant="light" onClick={() => ask(true)}>
        {t("action.delete")}
      </Button>
      <Modal opened={asking} onClose={() => ask(false)} title={t("instances.deleteIt")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(false)}>
            {t("action.cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("action.delete")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
