import { Checkbox, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useIsAdmin } from "../../api/app-schema";
import { timestampCell } from "../../fields/moments";
import type { Instance } from "../../model/tasks";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { BulkBar } from "./parts/bulk-bar";
import { InstanceLink } from "./parts/instance-link";
import { RecordName } from "./parts/record-name";
import { RowsFrame } from "./parts/rows-frame";

const STATUSES = ["running", "completed", "failed", "cancelled"] as const;
const REFRESH_MS = 10_000;

/** All instances of workflows that the caller may see. */
export function InstancesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/instances" });
  const isAdmin = useIsAdmin(app);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => choose(new Set(chosen.has(id) ? [...chosen].filter((each) => each !== id) : [...chosen, id]));
  const select = { label: "tasks.select", cell: (row: Instance) => row.status === "running" && <Checkbox size="xs" checked={chosen.has(row.id)} onChange={() => toggle(row.id)} aria-label={t("tasks.selectOne", { name: row.workflow_name })} /> };
  return (
    <Page title={t("nav.instances")} help={t("instances.help")}>
      <Listing<Instance>
        app={app}
        path="/_workflows"
        label={t("nav.instances")}
        empty={t("instances.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[
          { name: "status", label: "instances.status", values: STATUSES },
          { name: "workflow", label: "tasks.workflow" },
        ]}
        around={(rows, table) => (
          <RowsFrame app={app} rows={rows}>
            {isAdmin && <BulkBar app={app} rows={rows.filter((row) => row.status === "running")} chosen={chosen} choose={choose} decisions={["cancel"]} />}
            {table}
          </RowsFrame>
        )}
        columns={[
          ...(isAdmin ? [select] : []),
          { label: "tasks.workflow", cell: (row) => <InstanceLink app={app} row={row} /> },
          { label: "tasks.about", cell: (row) => <RecordName app={app} instance={row} /> },
          { label: "instances.status", cell: (row) => <State row={row} /> },
          { label: "tasks.step", cell: (row) => row.current_steps.join(", ") || "–" },
          { label: "instances.initiator", cell: (row) => row.initiator?.email ?? "–" },
          { label: "instances.started", cell: (row) => timestampCell(row.created_at) },
          { label: "instances.changed", cell: (row) => timestampCell(row.updated_at) },
        ]}
      />
    </Page>
  );
}

/** The status; of a failed one with its reason. */
function State({ row }: { row: Instance }) {
  return (
    <>
      <Status value={row.status} />
      {row.failed && (
        <Text size="xs" c="var(--mantine-color-error)" className="rk-break" lineClamp={2}>
          {row.failed.reason}
        </Text>
      )}
    </>
  );
}
