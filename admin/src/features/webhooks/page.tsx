import { Anchor } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";

export interface Delivery {
  id: string;
  webhook_id: string;
  entity: string;
  hook: string;
  url: string;
  method: string;
  request_headers: unknown;
  request_body: unknown;
  response_status: number | null;
  response_body: string | null;
  status: string;
  attempt: number;
  max_attempts: number;
  next_retry_at: string | null;
  error: string | null;
  trace_id: string | null;
  created_at: string;
  attempts?: { attempt: number; at: string; response_status?: number; error?: string; duration_ms?: number }[];
}

const STATUSES = ["delivered", "retrying", "failed", "pending"] as const;
const REFRESH_MS = 10_000;

/** Every request that webhooks, transitions and workflows have sent. */
export function DeliveriesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/deliveries" });
  return (
    <Page title={t("nav.deliveries")} help={t("deliveries.help")}>
      <Listing<Delivery>
        app={app}
        path="/_admin/webhook-logs"
        label={t("nav.deliveries")}
        empty={t("deliveries.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[
          { name: "status", label: "instances.status", values: STATUSES },
          { name: "entity", label: "deliveries.entity" },
          { name: "webhook_id", label: "deliveries.webhook" },
        ]}
        columns={[
          {
            label: "deliveries.url",
            cell: (row) => (
              <Anchor component={Link} to={`/${app}/deliveries/${row.id}`}>
                {row.method} {row.url}
              </Anchor>
            ),
          },
          { label: "deliveries.event", cell: (row) => `${row.entity} · ${row.hook}` },
          { label: "instances.status", cell: (row) => <Status value={row.status} /> },
          { label: "deliveries.attempts", cell: (row) => `${row.attempt} / ${row.max_attempts}` },
          { label: "deliveries.at", cell: (row) => timestampCell(row.created_at) },
          {
            label: "deliveries.retry",
            cell: (row) =>
              row.status === "delivered" ? "" : <Act app={app} path={`/_admin/webhook-logs/${row.id}/retry`} label={t("action.retry")} done={t("deliveries.retried")} />,
          },
        ]}
      />
    </Page>
  );
}
