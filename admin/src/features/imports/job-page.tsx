import { Alert, Anchor, Button, Group, List, Loader, Modal, Progress, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { Counts } from "./parts/counts";
import { EffectsList } from "./parts/effects";
import { RefusedRows } from "./parts/refused-rows";
import { type ImportJob, isActive, jobQuery, useActOnJob } from "./queries";

/** One import: how far it is, what it has done, what it has refused, and how to stop it, go on, or take it back. */
export function ImportJobPage() {
  const { app, entity, id } = useParams({ from: "/$app/imports/$entity/$id" });
  const { t } = useTranslation();
  const found = useQuery(jobQuery(app, entity, id));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  const job = found.data;
  if (!job) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const kind = t(job.kind === "undo" ? "import.kindUndo" : job.dry_run ? "import.kindDry" : "import.kindImport");
  return (
    <Page
      title={job.filename || kind}
      help={`${kind} · ${entity} · ${timestampCell(job.created_at)} · ${job.owner?.email ?? "–"}`}
      actions={
        <>
          <LinkButton to="/$app/imports/$entity" params={{ app, entity }} variant="subtle" size="xs" leftSection={<Icon name="back" size={14} />}>
            {t("import.title", { entity })}
          </LinkButton>
          <Acts key={job.id} app={app} job={job} />
        </>
      }
    >
      <Stack gap="sm">
        <Group>
          <Status value={job.status} />
          <Counts job={job} />
        </Group>
        {isActive(job) && <Progress value={job.rows ? (job.done / job.rows) * 100 : 0} animated aria-label={t("import.progress")} />}
        <Outcome app={app} job={job} />
        {job.dry_run && job.status === "done" && <EffectsList effects={job.effects} />}
        {job.kind === "import" && job.refused > 0 && !isActive(job) && <RefusedRows app={app} job={job} />}
        <Anchor size="sm" component={Link} to={`/${app}/records/${entity}`}>
          {t("record.back", { entity })}
        </Anchor>
      </Stack>
    </Page>
  );
}

/** What must be said besides the numbers: a failure, and what was taken back. */
function Outcome({ app, job }: { app: string; job: ImportJob }) {
  const { t } = useTranslation();
  const link = (id: string, word: string) => (
    <Anchor size="sm" component={Link} to={`/${app}/imports/${job.entity}/${id}`}>
      {t(word)}
    </Anchor>
  );
  return (
    <>
      {job.error && (
        <Alert color="red" role="alert" title={job.error.message}>
          <Text size="sm">{t(job.kind === "undo" ? "import.undoStopped" : "import.stopped")}</Text>
          <List size="sm">
            {(job.error.details ?? []).map((detail) => (
              <List.Item key={detail.message}>{detail.message}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      {job.undo_id && (
        <Group gap="xs">
          <Text size="sm">{t("import.undone", { count: job.undone })}</Text>
          {link(job.undo_id, "import.showUndo")}
        </Group>
      )}
      {job.undoes && link(job.undoes, "import.showImport")}
    </>
  );
}

/** The acts that the state of the job allows. An undo asks first. */
function Acts({ app, job }: { app: string; job: ImportJob }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const act = useActOnJob(app, job);
  const [asking, setAsking] = useState(false);
  const hasStored = job.created + job.updated > job.undone;
  const mayUndo = job.kind === "import" && !job.dry_run && !isActive(job) && hasStored;
  const undo = async () => {
    const undoing = await act.mutateAsync("undo");
    setAsking(false);
    await navigate({ to: "/$app/imports/$entity/$id", params: { app, entity: job.entity, id: undoing.id } });
  };
  return (
    <>
      {isActive(job) && (
        <Button size="xs" variant="default" loading={act.isPending} onClick={() => act.mutate("cancel")}>
          {t("action.cancel")}
        </Button>
      )}
      {(job.status === "failed" || job.status === "cancelled") && (
        <Button size="xs" variant="default" loading={act.isPending} onClick={() => act.mutate("resume")}>
          {t("import.resume")}
        </Button>
      )}
      {mayUndo && (
        <Button size="xs" color="red" variant="light" onClick={() => setAsking(true)} leftSection={<Icon name="restore" size={14} />}>
          {t("import.undo")}
        </Button>
      )}
      <Modal opened={asking} onClose={() => setAsking(false)} title={t("import.undoTitle")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
        <Stack>
          <Text size="sm">{t("import.undoText", { created: job.created, updated: job.updated })}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              {t("action.cancel")}
            </Button>
            <Button color="red" loading={act.isPending} onClick={() => void undo()}>
              {t("import.undo")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
