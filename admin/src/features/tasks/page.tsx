import { Anchor, Group } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import type { Instance } from "./instance";

const STATUSES = ["running", "completed", "failed", "cancelled"] as const;
const REFRESH_MS = 15_000;

/** What waits for the caller's decision. */
export function TasksPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/tasks" });
  return (
    <Page title={t("nav.tasks")} help={t("tasks.help")}>
      <Listing<Instance>
        app={app}
        path="/_workflows/pending"
        fixed={{ assignee: "me" }}
        label={t("nav.tasks")}
        empty={t("tasks.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        columns={[
          { label: "tasks.workflow", cell: (row) => <InstanceLink app={app} row={row} /> },
          { label: "tasks.step", cell: (row) => row.current_step },
          { label: "tasks.since", cell: (row) => timestampCell(row.updated_at) },
          { label: "tasks.deadline", cell: (row) => (row.current_step_deadline ? timestampCell(row.current_step_deadline) : "–") },
          { label: "tasks.decide", cell: (row) => <Decide app={app} row={row} /> },
        ]}
      />
    </Page>
  );
}

/** All instances of workflows that the caller may see. */
export function InstancesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/instances" });
  return (
    <Page title={t("nav.instances")} help={t("instances.help")}>
      <Listing<Instance>
        app={app}
        path="/_workflows"
        label={t("nav.instances")}
        empty={t("instances.none")}
        rowKey={(row) => row.id}
        filters={[
          { name: "status", label: "instances.status", values: STATUSES },
          { name: "workflow", label: "tasks.workflow" },
        ]}
        columns={[
          { label: "tasks.workflow", cell: (row) => <InstanceLink app={app} row={row} /> },
          { label: "instances.status", cell: (row) => <Status value={row.status} /> },
          { label: "tasks.step", cell: (row) => row.current_step ?? "–" },
          { label: "instances.started", cell: (row) => timestampCell(row.created_at) },
          { label: "instances.changed", cell: (row) => timestampCell(row.updated_at) },
        ]}
      />
    </Page>
  );
}

function InstanceLink({ app, row }: { app: string; row: Instance }) {
  return (
    <Anchor component={Link} to={`/${app}/instances/${row.id}`}>
      {row.workflow_name}
    </Anchor>
  );
}

export function Decide({ app, row }: { app: string; row: Instance }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs" wrap="nowrap">
      <Act app={app} path={`/_workflows/${row.id}/approve`} body={{ step: row.current_step }} label={t("tasks.approve")} done={t("tasks.approved")} color="teal" variant="light" />
      <Act app={app} path={`/_workflows/${row.id}/reject`} body={{ step: row.current_step }} label={t("tasks.reject")} done={t("tasks.rejected")} color="red" variant="light" />
    </Group>
  );
}
