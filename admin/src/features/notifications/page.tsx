import { Anchor } from "@mantine/core";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { useTranslation } from "../../words/translator";

export interface Notification {
  id: string;
  channel: string;
  recipient: string;
  subject: string;
  body: string;
  status: string;
  reason: string | null;
  attempts: number;
  error: string | null;
  entity: string | null;
  record_id: string | null;
  digest_id: string | null;
  due_at: string | null;
  metadata: Record<string, unknown>;
  trace_id: string;
  created_at: string;
  sent_at: string | null;
  history?: { number: number; at: string; outcome: string; error: string | null }[];
}

const STATUSES = ["pending", "sent", "failed", "skipped", "digested"] as const;
const FILTERS = ["status", "channel", "recipient", "entity", "rule"] as const;
const REFRESH_MS = 10_000;

/** Everything that people were told, or were not, and why. */
export function NotificationsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/notifications" });
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const chosen = Object.fromEntries(FILTERS.flatMap((name) => (search[name] ? [[name, String(search[name])]] : [])));
  return (
    <Page
      title={t("nav.notifications")}
      help={t("notifications.help")}
      actions={
        search["status"] === "failed" && (
          <Act app={app} path="/_admin/notifications/retry" body={{ filter: chosen }} label={t("notifications.retryAll")} done={t("deliveries.retried")} />
        )
      }
    >
      <Listing<Notification>
        app={app}
        path="/_admin/notifications"
        label={t("nav.notifications")}
        empty={t("notifications.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[
          { name: "status", label: "instances.status", values: STATUSES },
          { name: "channel", label: "notifications.channel" },
          { name: "recipient", label: "notifications.recipient" },
          { name: "rule", label: "notifications.rule" },
        ]}
        columns={[
          {
            label: "notifications.subject",
            cell: (row) => (
              <Anchor component={Link} to={`/${app}/notifications/${row.id}`}>
                {row.subject || row.channel}
              </Anchor>
            ),
          },
          { label: "notifications.recipient", cell: (row) => row.recipient },
          { label: "notifications.channel", cell: (row) => row.channel },
          { label: "instances.status", cell: (row) => <Status value={row.status} /> },
          { label: "notifications.error", cell: (row) => row.error ?? row.reason ?? "" },
          { label: "audit.at", cell: (row) => timestampCell(row.created_at) },
          { label: "deliveries.retry", cell: (row) => <Retry app={app} row={row} /> },
        ]}
      />
    </Page>
  );
}

/** A failed one can be sent again, if there is somebody to send it to. */
export function Retry({ app, row }: { app: string; row: Notification }) {
  const { t } = useTranslation();
  if (row.status !== "failed" || row.recipient === "") return null;
  return <Act app={app} path={`/_admin/notifications/${row.id}/retry`} label={t("action.retry")} done={t("deliveries.retried")} />;
}
