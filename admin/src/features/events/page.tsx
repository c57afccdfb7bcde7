import { Anchor } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { EventViews } from "./parts/views";
import { SOURCES, colourOf } from "./sources";

interface EventRow {
  id: string;
  trace_id: string;
  event_type: string;
  source: string;
  component: string;
  action: string;
  entity: string | null;
  duration_ms: number | null;
  status: string;
  metadata: Record<string, unknown> | null;
  created_at: string;
}

const REFRESH_MS = 5_000;

/** What happens in the app: spans of requests and business events, newest first. */
export function EventsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/events" });
  return (
    <Page title={t("nav.events")} help={t("events.help")} actions={<EventViews shown="list" />}>
      <Listing<EventRow>
        app={app}
        path="/_events"
        label={t("nav.events")}
        empty={t("events.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[
          { name: "source", label: "events.source", values: SOURCES },
          { name: "action", label: "audit.action" },
          { name: "entity", label: "deliveries.entity" },
          { name: "status", label: "instances.status", values: ["ok", "error"] },
          { name: "trace_id", label: "events.trace" },
        ]}
        columns={[
          { label: "events.at", cell: (row) => timestampCell(row.created_at) },
          {
            label: "events.source",
            cell: (row) => (
              <>
                <span className="rk-dot" style={{ background: colourOf(row.source, row.status), marginInlineEnd: 6 }} />
                {row.source}
              </>
            ),
          },
          {
            label: "audit.action",
            cell: (row) => (
              <Anchor component={Link} to={`/${app}/events/${row.trace_id}`}>
                {row.action} {row.source === "http" ? `${String(row.metadata?.["method"] ?? "")} ${String(row.metadata?.["path"] ?? "")}` : ""}
              </Anchor>
            ),
          },
          { label: "deliveries.entity", cell: (row) => row.entity ?? "" },
          { label: "events.duration", cell: (row) => (row.duration_ms === null ? "" : `${Number(row.duration_ms).toFixed(1)} ms`) },
          { label: "instances.status", cell: (row) => <Status value={row.status} /> },
        ]}
      />
    </Page>
  );
}
