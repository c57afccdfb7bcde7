import { Button, Loader, Modal, SegmentedControl, Select, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import type { Instance } from "../../../model/tasks";
import type { Definition } from "../../../model/workflow";
import { differences } from "../../../model/workflow-diff";
import { Differences } from "../../../ui/differences";
import { Failed } from "../../../ui/failed";
import { type Migration, type MigrationReply, previewQuery, useMigrate, workflowVersionQuery, workflowVersionsQuery } from "../migration";
import { MigrationMapping } from "./migration-mapping";
import { MigrationResults } from "./migration-results";

interface Props {
  app: string;
  instances: Instance[];
  onClose: (isDone: boolean) => void;
}

/** Which version, what that changes, and who can go there; only then it is done. */
export default function MigrateDialog({ app, instances, onClose }: Props) {
  const { t } = useTranslation();
  const [kept] = useState(instances);
  const { workflow_id: workflow, workflow_name: name } = kept[0]!;
  const versions = useQuery(workflowVersionsQuery(app, workflow));
  return (
    <Modal opened size="xl" onClose={() => onClose(false)} title={t("migrate.title", { name })} closeButtonProps={{ "aria-label": t("action.close") }}>
      {versions.error && <Failed error={versions.error} />}
      {!versions.data && !versions.error && <Loader size="sm" aria-label={t("shell.loading")} />}
      {versions.data && <Steps app={app} instances={kept} versions={versions.data} onClose={onClose} />}
    </Modal>
  );
}

function Steps({ app, instances, versions, onClose }: Props & { versions: { version: number; at: string }[] }) {
  const { t } = useTranslation();
  const workflow = instances[0]!.workflow_id;
  const [version, setVersion] = useState(versions[0]!.version);
  const [reach, setReach] = useState("these");
  const [mapping, setMapping] = useState<Record<string, string>>({});
  const migration: Migration = { to_version: version, mapping, ...(reach === "all" ? { all: true } : { instance_ids: instances.map((each) => each.id) }) };
  const preview = useQuery({ ...previewQuery(app, workflow, migration), placeholderData: keepPreviousData });
  const run = useMigrate(app, workflow);
  const movable = (preview.data?.results ?? []).filter((each) => each.ok).length;
  if (run.data) return <Done app={app} reply={run.data} instances={instances} onClose={() => onClose(true)} />;
  return (
    <Stack>
      <Select
        label={t("migrate.version")}
        allowDeselect={false}
        data={versions.map((each) => ({ value: String(each.version), label: t("migrate.versionOf", { version: each.version, when: timestampCell(each.at) }) }))}
        value={String(version)}
        onChange={(picked) => picked && setVersion(Number(picked))}
      />
      <SegmentedControl size="xs" w="fit-content" aria-label={t("migrate.reach")} value={reach} onChange={setReach} data={["these", "all"].map((value) => ({ value, label: t(`migrate.reach.${value}`, { count: instances.length }) }))} />
      <WhatChanges app={app} workflow={workflow} from={Math.min(...instances.map((each) => each.workflow_version ?? 1))} to={version} />
      {preview.error && <Failed error={preview.error} />}
      {!preview.data && !preview.error && <Loader size="sm" aria-label={t("shell.loading")} />}
      {preview.data && <MigrationMapping app={app} workflow={workflow} to={version} results={preview.data.results} mapping={mapping} onChange={setMapping} />}
      {preview.data && <MigrationResults app={app} label={t("migrate.preview")} reply={preview.data} instances={instances} />}
      {run.error && <Failed error={run.error} />}
      <Button loading={run.isPending} disabled={movable === 0 || preview.isPlaceholderData} onClick={() => run.mutate(migration)}>
        {t("migrate.confirm", { count: movable })}
      </Button>
    </Stack>
  );
}

function Done({ app, reply, instances, onClose }: { app: string; reply: MigrationReply; instances: Instance[]; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Text role="status">{t("migrate.done", { count: reply.migrated })}</Text>
      <MigrationResults app={app} label={t("tasks.results")} reply={reply} instances={instances} />
      <Button onClick={onClose}>{t("action.close")}</Button>
    </Stack>
  );
}

const bare = ({ id: _id, created_at: _created, updated_at: _updated, version: _version, ...document }: Definition): Definition => document;

/** What differs between the version that they go by, and the one that is chosen. */
function WhatChanges({ app, workflow, from, to }: { app: string; workflow: string; from: number; to: number }) {
  const { t } = useTranslation();
  const before = useQuery(workflowVersionQuery(app, workflow, from));
  const after = useQuery(workflowVersionQuery(app, workflow, to));
  if (!before.data || !after.data) return null;
  return (
    <section aria-label={t("migrate.changes", { from, to })}>
      <Title order={3} size="h6" mb={4}>
        {t("migrate.changes", { from, to })}
      </Title>
      <Differences found={differences(bare(before.data), bare(after.data))} label={t("migrate.changes", { from, to })} />
    </section>
  );
}
