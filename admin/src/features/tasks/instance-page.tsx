import { Group, Loader, Stack, Text, Timeline, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { request } from "../../api/client";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Failed } from "../../ui/failed";
import { JsonView } from "../../ui/json-view";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import type { Instance } from "./instance";
import { Decide } from "./page";

const REFRESH_MS = 5_000;

/** One instance: where it is, what has happened, and what it knows. */
export function InstancePage() {
  const { t } = useTranslation();
  const { app, id } = useParams({ from: "/$app/instances/$id" });
  const found = useQuery({
    queryKey: [app, "instance", id],
    queryFn: ({ signal }) => request<Instance>(app, "GET", `/_workflows/${id}`, { signal }).then((reply) => reply.data),
    refetchInterval: (query) => (query.state.data?.status === "running" ? REFRESH_MS : false),
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const instance = found.data;
  const waits = instance.status === "running" && instance.current_step !== null;
  return (
    <Page
      title={instance.workflow_name}
      help={instance.current_step ?? ""}
      actions={
        <>
          {waits && <Decide app={app} row={instance} />}
          {instance.status === "running" && (
            <Act app={app} method="DELETE" path={`/_workflows/${id}`} label={t("instances.cancel")} done={t("instances.cancelled")} color="red" />
          )}
        </>
      }
    >
      <Stack>
        <Group>
          <Status value={instance.status} />
          {instance.current_step_deadline && <Text size="sm">{t("instances.deadline", { when: timestampCell(instance.current_step_deadline) })}</Text>}
        </Group>
        <Title order={2} size="h5">
          {t("history.title")}
        </Title>
        <Timeline bulletSize={12} lineWidth={2}>
          {instance.history.map((entry, at) => (
            <Timeline.Item key={at} title={entry.step}>
              <Group gap="xs">
                <Status value={entry.status} />
                <Text size="xs" c="dimmed">
                  {timestampCell(entry.at)}
                </Text>
              </Group>
              {entry.reason && <Text size="sm">{entry.reason}</Text>}
            </Timeline.Item>
          ))}
        </Timeline>
        <Title order={2} size="h5">
          {t("instances.context")}
        </Title>
        <JsonView value={instance.context} />
      </Stack>
    </Page>
  );
}
