import { Anchor, Group, Loader, Stack, Text, Timeline, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { request } from "../../api/client";
import { timestampCell } from "../../fields/moments";
import { linkOf } from "../../model/notifications";
import { Failed } from "../../ui/failed";
import { JsonView } from "../../ui/json-view";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { useTranslation } from "../../words/translator";
import { type Notification, Retry } from "./page";

const REFRESH_MS = 3_000;

/** One notification: what it says, and what has become of it at each attempt. */
export function NotificationPage() {
  const { t } = useTranslation();
  const { app, id } = useParams({ from: "/$app/notifications/$id" });
  const found = useQuery({
    queryKey: [app, "notification", id],
    queryFn: ({ signal }) => request<Notification>(app, "GET", `/_admin/notifications/${id}`, { signal }).then((reply) => reply.data),
    refetchInterval: ({ state }) => (state.data?.status === "pending" ? REFRESH_MS : false),
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const row = found.data;
  const link = linkOf(app, row);
  return (
    <Page title={row.subject || row.channel} help={`${row.channel} · ${row.recipient}`} actions={<Retry app={app} row={row} />}>
      <Stack maw={760}>
        <Group>
          <Status value={row.status} />
          {row.due_at && <Text size="sm">{t("notifications.due", { at: timestampCell(row.due_at) as string })}</Text>}
          {link && (
            <Anchor component={Link} to={link}>
              {t("notifications.about")}
            </Anchor>
          )}
          {row.digest_id && (
            <Anchor component={Link} to={`/${app}/notifications/${row.digest_id}`}>
              {t("notifications.digest")}
            </Anchor>
          )}
          <Anchor component={Link} to={`/${app}/events/${row.trace_id}`}>
            {t("notifications.trace")}
          </Anchor>
        </Group>
        {(row.error ?? row.reason) && <Text c={row.error ? "red" : "dimmed"}>{row.error ?? row.reason}</Text>}
        <Text style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>{row.body}</Text>
        {(row.history ?? []).length > 0 && (
          <>
            <Title order={2} size="h5">
              {t("deliveries.attempts")}
            </Title>
            <Timeline bulletSize={12} lineWidth={2}>
              {row.history!.map((each) => (
                <Timeline.Item key={each.number} title={`${each.number}: ${each.outcome}`}>
                  <Text size="xs" c="dimmed">
                    {timestampCell(each.at)}
                  </Text>
                  {each.error && <Text size="sm">{each.error}</Text>}
                </Timeline.Item>
              ))}
            </Timeline>
          </>
        )}
        <JsonView value={row.metadata} />
      </Stack>
    </Page>
  );
}
