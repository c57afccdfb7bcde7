import { Badge, Checkbox, Group, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { countSeats, type Instance } from "../../model/tasks";
import { Icon } from "../../ui/icons";
import { LinkButton } from "../../ui/link-button";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { BulkBar } from "./parts/bulk-bar";
import { Deadline } from "./parts/deadline";
import { InstanceLink } from "./parts/instance-link";
import { RecordName } from "./parts/record-name";
import { RowsFrame } from "./parts/rows-frame";

const REFRESH_MS = 15_000;

/** What waits for the caller's decision. */
export function TasksPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/tasks" });
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => choose(new Set(chosen.has(id) ? [...chosen].filter((each) => each !== id) : [...chosen, id]));
  return (
    <Page
      title={t("nav.tasks")}
      help={t("tasks.help")}
      actions={
        <>
          <LinkButton to="/$app/tasks/delegations" params={{ app }} variant="default" size="xs" leftSection={<Icon name="user" size={14} />}>
            {t("delegations.title")}
          </LinkButton>
          <LinkButton to="/$app/tasks/start" params={{ app }} size="xs" leftSection={<Icon name="flow" size={14} />}>
            {t("start.title")}
          </LinkButton>
        </>
      }
    >
      <Listing<Instance>
        app={app}
        path="/_workflows/pending"
        fixed={{ assignee: "me" }}
        label={t("nav.tasks")}
        empty={t("tasks.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        around={(rows, table) => (
          <RowsFrame app={app} rows={rows}>
            <BulkBar app={app} rows={rows} chosen={chosen} choose={choose} />
            {table}
          </RowsFrame>
        )}
        columns={[
          { label: "tasks.select", cell: (row) => <Checkbox size="xs" checked={chosen.has(row.id)} onChange={() => toggle(row.id)} aria-label={t("tasks.selectOne", { name: row.workflow_name })} /> },
          { label: "tasks.workflow", cell: (row) => <InstanceLink app={app} row={row} /> },
          { label: "tasks.about", cell: (row) => <RecordName app={app} instance={row} /> },
          { label: "tasks.step", cell: (row) => <Steps row={row} /> },
          { label: "tasks.since", cell: (row) => timestampCell(row.updated_at) },
          { label: "tasks.deadline", cell: (row) => <Deadline at={row.current_step_deadline} /> },
        ]}
      />
    </Page>
  );
}

/** The steps that wait, each with how far its seats are. */
function Steps({ row }: { row: Instance }) {
  const { t } = useTranslation();
  const approvals = row.approvals ?? [];
  if (approvals.length === 0) return row.current_step;
  return (
    <Group gap={6}>
      {approvals.map((approval, at) => (
        <Text key={at} size="sm" component="span">
          {approval.step} {approval.seats.length > 1 && <Badge size="sm" variant="light" tt="none">{t("tasks.progress", { done: countSeats(approval.seats).approved, needed: approval.needed })}</Badge>}
          {row.on_behalf_of && <Badge size="sm" variant="dot" color="grape" tt="none">{t("tasks.behalf")}</Badge>}
        </Text>
      ))}
    </Group>
  );
}
