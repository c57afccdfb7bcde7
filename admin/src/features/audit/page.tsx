import { Button, Drawer, Group } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { timestampCell } from "../../fields/moments";
import type { AuditRow } from "../../model/audit";
import { type ListFilter, Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { useTranslation } from "../../words/translator";
import { ExportButton } from "./parts/export-button";

const Change = lazy(() => import("./parts/change"));

const REFRESH_MS = 10_000;
const FILTERS: ListFilter[] = [
  { name: "entity", label: "deliveries.entity" },
  { name: "record_id", label: "audit.record" },
  { name: "user_email", label: "audit.who" },
  { name: "action", label: "audit.action", values: ["create", "update", "delete", "restore"] },
  { name: "source", label: "audit.source", values: ["data", "gateway", "metadata", "webhook", "workflow"] },
  { name: "field", label: "audit.field" },
  { name: "cause", label: "audit.cause" },
  { name: "from", label: "audit.since", type: "date" },
  { name: "to", label: "audit.until", type: "date" },
];
const SORTS = ["timestamp", "entity", "record_id", "user_email", "action", "source", "cause", "ip_address"].flatMap((name) => [`-${name}`, name]);

/** Who changed what, from where, with the values before and after, the past of each record, and the way back. */
export function AuditPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/audit" });
  const [shown, setShown] = useState<AuditRow>();
  return (
    <Page title={t("nav.audit")} help={t("audit.help")} actions={<ExportButton app={app} />}>
      <Listing<AuditRow>
        app={app}
        path="/_admin/audit-logs"
        label={t("nav.audit")}
        empty={t("audit.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[...FILTERS, { name: "sort", label: "audit.sort", values: SORTS }]}
        columns={[
          { label: "audit.at", cell: (row) => timestampCell(row.timestamp) },
          { label: "audit.who", cell: (row) => <Who row={row} /> },
          { label: "audit.action", cell: (row) => t(`history.${row.action}`, { defaultValue: row.action }) },
          { label: "deliveries.entity", cell: (row) => row.entity },
          {
            label: "audit.changed",
            cell: (row) => (
              <Button size="compact-sm" variant="subtle" onClick={() => setShown(row)}>
                {row.changed_fields?.slice(0, 4).join(", ") || t("audit.show")}
              </Button>
            ),
          },
          { label: "audit.from", cell: (row) => row.ip_address ?? "–" },
        ]}
      />
      <Drawer opened={shown !== undefined} onClose={() => setShown(undefined)} position="right" size="xl" title={shown ? `${shown.entity} ${shown.record_id}` : ""} closeButtonProps={{ "aria-label": t("action.close") }}>
        <Suspense fallback={null}>{shown && <Change key={shown.id} app={app} row={shown} onShow={setShown} />}</Suspense>
      </Drawer>
    </Page>
  );
}

/** The person, and what has made them: a workflow, an import, an undo. */
function Who({ row }: { row: AuditRow }) {
  return (
    <Group gap={4} className="rk-break">
      {row.user_email ?? "–"}
      {row.cause && <small>· {row.cause}</small>}
    </Group>
  );
}
