import { Alert, Group, Loader, Progress, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { Failed } from "../../../ui/failed";
import { isActive, jobQuery } from "../queries";
import { Counts } from "./counts";
import { EffectsList } from "./effects";
import { RefusedRows } from "./refused-rows";

/** What the server says the import would do. It has carried everything out, and rolled it back. */
export function DryRun({ app, entity, id }: { app: string; entity: string; id: string }) {
  const { t } = useTranslation();
  const found = useQuery(jobQuery(app, entity, id));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  const job = found.data;
  if (!job) return <Loader size="sm" aria-label={t("shell.loading")} />;
  if (job.status === "failed" || job.status === "cancelled") {
    return (
      <Alert color="red" role="alert" title={t("import.tryFailed")}>
        {job.error?.message}
      </Alert>
    );
  }
  return (
    <Stack gap="xs" component="section" aria-label={t("import.tried")}>
      <Group gap="xs">
        <Title order={2} size="h5">
          {t("import.tried")}
        </Title>
        {isActive(job) && <Loader size="xs" />}
      </Group>
      {isActive(job) && <Progress value={job.rows ? (job.done / job.rows) * 100 : 0} animated aria-label={t("import.trying")} />}
      <Counts job={job} />
      {job.status === "done" && (
        <>
          <Text size="sm" c="dimmed">
            {t("import.nothingStored")}
          </Text>
          <EffectsList effects={job.effects} />
          {job.refused > 0 && <RefusedRows app={app} job={job} />}
        </>
      )}
    </Stack>
  );
}
