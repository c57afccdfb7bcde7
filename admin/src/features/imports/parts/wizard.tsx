import { Alert, Anchor, Badge, Button, Group, Loader, Progress, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Entity } from "../../../model/schema";
import { hintOf, messageOf } from "../../../ui/errors";
import { previewQuery, useStartImport } from "../queries";
import { useImportSettings } from "../use-import-settings";
import { DryRun } from "./dry-run";
import { MappingTable } from "./mapping-table";
import { ReadingOptions } from "./reading-options";
import { SavedMappings } from "./saved-mappings";
import { SettingsForm } from "./settings-form";

interface Props {
  app: string;
  entity: Entity;
  file: File;
  onOther: () => void;
}

/** From a file to an import: what it holds, where it goes, a trial on the server, the start. */
export function Wizard({ app, entity, file, onOther }: Props) {
  const { t } = useTranslation();
  const [reading, setReading] = useState<Record<string, string>>({});
  const preview = useQuery({ ...previewQuery(app, entity.name, file, reading), placeholderData: keepPreviousData });
  const head = (
    <Group gap="xs">
      <Title order={2} size="h5">
        {file.name}
      </Title>
      <Badge variant="default" tt="none">{`${Math.ceil(file.size / 1024).toLocaleString()} kB`}</Badge>
      <Anchor component="button" size="sm" onClick={onOther}>
        {t("import.other")}
      </Anchor>
    </Group>
  );
  return (
    <Stack>
      {head}
      <ReadingOptions preview={preview.data} reading={reading} onChange={setReading} />
      {preview.error && (
        <Alert color="red" role="alert" title={messageOf(preview.error)} style={{ whiteSpace: "pre-line" }}>
          {hintOf(preview.error)}
        </Alert>
      )}
      {!preview.data && !preview.error && <Loader aria-label={t("shell.loading")} />}
      {preview.data && !preview.error && <Prepared key={preview.data.columns.join("\n")} {...{ app, entity, file, reading }} preview={preview.data} />}
    </Stack>
  );
}

type PreparedProps = Omit<Props, "onOther"> & { reading: Record<string, string>; preview: NonNullable<ReturnType<typeof useImportSettings>["preview"]> };

function Prepared({ app, entity, file, reading, preview }: PreparedProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const plan = useImportSettings(app, entity, preview);
  const [trial, setTrial] = useState<{ id: string; of: string }>();
  const [sent, setSent] = useState<number>();
  const start = useStartImport(app, entity.name);
  const options = { ...reading, ...plan.options };
  const wanted = JSON.stringify(options);
  const run = async (isTrial: boolean) => {
    setSent(0);
    const job = await start.mutateAsync({ file, options: isTrial ? { ...options, dry_run: "true" } : options, onProgress: setSent }).catch(() => undefined);
    setSent(undefined);
    if (job && isTrial) setTrial({ id: job.id, of: wanted });
    if (job && !isTrial) await navigate({ to: "/$app/imports/$entity/$id", params: { app, entity: entity.name, id: job.id } });
  };
  return (
    <>
      <SavedMappings app={app} entity={entity.name} plan={plan} />
      <MappingTable app={app} entity={entity} preview={preview} plan={plan} />
      <SettingsForm entity={entity} plan={plan} />
      {plan.missing.length > 0 && <Alert color="orange">{t("import.missing", { fields: plan.missing.join(", ") })}</Alert>}
      {start.error && (
        <Alert color="red" role="alert" title={messageOf(start.error)} style={{ whiteSpace: "pre-line" }}>
          {hintOf(start.error)}
        </Alert>
      )}
      {sent !== undefined && <Progress value={sent * 100} aria-label={t("import.sending")} />}
      {trial && trial.of === wanted && <DryRun app={app} entity={entity.name} id={trial.id} />}
      <Group>
        <Button variant={trial?.of === wanted ? "default" : "filled"} loading={start.isPending} disabled={!plan.isComplete} onClick={() => void run(true)}>
          {t("import.try")}
        </Button>
        <Button variant={trial?.of === wanted ? "filled" : "default"} loading={start.isPending} disabled={!plan.isComplete} onClick={() => void run(false)}>
          {t("import.start")}
        </Button>
        <Text size="sm" c="dimmed">
          {t("import.tryHelp")}
        </Text>
      </Group>
    </>
  );
}

