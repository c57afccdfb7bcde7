import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";

interface Notification {
  id: string;
  channel: string;
  recipient: string;
  subject: string;
  status: string;
  attempts: number;
  error: string | null;
  created_at: string;
}

const STATUSES = ["pending", "sent", "failed"] as const;
const REFRESH_MS = 10_000;

/** Every mail and inbox message that was made, and how it went. */
export function NotificationsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/notifications" });
  return (
    <Page title={t("nav.notifications")} help={t("notifications.help")}>
      <Listing<Notification>
        app={app}
        path="/_admin/notifications"
        label={t("nav.notifications")}
        empty={t("notifications.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[
          { name: "status", label: "instances.status", values: STATUSES },
          { name: "channel", label: "notifications.channel", values: ["email", "in_app"] },
        ]}
        columns={[
          { label: "notifications.subject", cell: (row) => row.subject },
          { label: "notifications.recipient", cell: (row) => row.recipient },
          { label: "notifications.channel", cell: (row) => row.channel },
          { label: "instances.status", cell: (row) => <Status value={row.status} /> },
          { label: "notifications.error", cell: (row) => row.error ?? "" },
          { label: "audit.at", cell: (row) => timestampCell(row.created_at) },
          {
            label: "deliveries.retry",
            cell: (row) =>
              row.status === "failed" ? <Act app={app} path={`/_admin/notifications/${row.id}/retry`} label={t("action.retry")} done={t("deliveries.retried")} /> : "",
          },
        ]}
      />
    </Page>
  );
}
