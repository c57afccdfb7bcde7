import { Loader, Stack, Text, Timeline, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { request } from "../../api/client";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Failed } from "../../ui/failed";
import { JsonView } from "../../ui/json-view";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import type { Delivery } from "./page";

const UNDER_WAY = ["pending", "retrying"];
const REFRESH_MS = 3_000;

/** One delivery: what was sent, what came back, at each attempt. */
export function DeliveryPage() {
  const { t } = useTranslation();
  const { app, id } = useParams({ from: "/$app/deliveries/$id" });
  const found = useQuery({
    queryKey: [app, "delivery", id],
    queryFn: ({ signal }) => request<Delivery>(app, "GET", `/_admin/webhook-logs/${id}`, { signal }).then((reply) => reply.data),
    refetchInterval: ({ state }) => (UNDER_WAY.includes(state.data?.status ?? "") ? REFRESH_MS : false),
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const delivery = found.data;
  return (
    <Page
      title={`${delivery.method} ${delivery.url}`}
      help={`${delivery.entity} · ${delivery.hook}`}
      actions={
        <>
          {delivery.trace_id && (
            <LinkButton size="xs" variant="default" to="/$app/events/$trace/causes" params={{ app, trace: delivery.trace_id }}>
              {t("deliveries.cause")}
            </LinkButton>
          )}
          {delivery.status !== "delivered" && <Act app={app} path={`/_admin/webhook-logs/${id}/retry`} label={t("action.retry")} done={t("deliveries.retried")} />}
        </>
      }
    >
      <Stack>
        <Status value={delivery.status} />
        {delivery.error && <Text c="red">{delivery.error}</Text>}
        <Title order={2} size="h5">
          {t("deliveries.attempts")}
        </Title>
        <Timeline bulletSize={12} lineWidth={2}>
          {(delivery.attempts ?? []).map((attempt) => (
            <Timeline.Item key={attempt.attempt} title={`${attempt.attempt}: ${attempt.response_status ?? attempt.error ?? ""}`}>
              <Text size="xs" c="dimmed">
                {timestampCell(attempt.at)}
              </Text>
              {attempt.error && <Text size="sm">{attempt.error}</Text>}
            </Timeline.Item>
          ))}
        </Timeline>
        <Title order={2} size="h5">
          {t("deliveries.request")}
        </Title>
        <JsonView value={delivery.request_headers} />
        <JsonView value={delivery.request_body} />
        <Title order={2} size="h5">
          {t("deliveries.response")} {delivery.response_status ?? ""}
        </Title>
        <JsonView value={delivery.response_body ?? ""} />
      </Stack>
    </Page>
  );
}
