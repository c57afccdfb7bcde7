import { Checkbox, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../words/translator";
import { useIsAdmin } from "../../api/app-schema";
import { asOf } from "../../api/moment";
import { timestampCell } from "../../fields/moments";
import type { Instance } from "../../model/tasks";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { LinkButton } from "../../ui/link-button";
import { type ListColumn, Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { useInstanceFilters } from "./instance-filters";
import { BulkBar } from "./parts/bulk-bar";
import { Deadline } from "./parts/deadline";
import { InstanceLink } from "./parts/instance-link";
import { MigrateButton } from "./parts/migrate-button";
import { RecordName } from "./parts/record-name";
import { RowsFrame } from "./parts/rows-frame";
import { useRunTime } from "./run-time";

const isUnended = (row: Instance) => row.status === "running" || row.status === "failed";

const COLUMNS = (app: string): ListColumn<Instance>[] => [
  { label: "tasks.workflow", cell: (row) => <Two first={<InstanceLink app={app} row={row} />} second={row.workflow_version === undefined ? "" : `v${row.workflow_version}`} /> },
  { label: "tasks.about", cell: (row) => <RecordName app={app} instance={row} /> },
  { label: "instances.status", cell: (row) => <State row={row} /> },
  { label: "tasks.step", cell: (row) => <Two isTime first={row.current_steps.join(", ") || "–"} second={row.current_step_deadline && <Deadline at={row.current_step_deadline} />} /> },
  { label: "instances.started", cell: (row) => <Two isTime first={timestampCell(row.created_at)} second={row.initiator?.email} /> },
  { label: "instances.changed", cell: (row) => <Two isTime first={timestampCell(row.updated_at)} second="" /> },
];

function Two({ first, second, isTime = false }: { first: ReactNode; second: ReactNode; isTime?: boolean }) {
  return (
    <>
      <div className={isTime ? "rk-nowrap" : undefined}>{first}</div>
      <Text size="xs" c="dimmed" component="div" className={isTime ? "rk-nowrap" : undefined}>
        {second}
      </Text>
    </>
  );
}

/** All instances of workflows that the caller may see. */
export function InstancesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/instances" });
  const isAdmin = useIsAdmin(app);
  const filters = useInstanceFilters(app);
  const { time, isKnown, error } = useRunTime(app);
  const mayAct = isAdmin && time === undefined;
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => choose(new Set(chosen.has(id) ? [...chosen].filter((each) => each !== id) : [...chosen, id]));
  const select = { label: "tasks.select", cell: (row: Instance) => isUnended(row) && <Checkbox size="xs" checked={chosen.has(row.id)} onChange={() => toggle(row.id)} aria-label={t("tasks.selectOne", { name: row.workflow_name })} /> };
  return (
    <Page
      title={t("nav.instances")}
      help={t("instances.help")}
      actions={
        <LinkButton to="/$app/instances/figures" params={{ app }} variant="default" size="xs" leftSection={<Icon name="state" size={14} />}>
          {t("kpis.title")}
        </LinkButton>
      }
    >
      {error && <Failed error={error} />}
      {isKnown && (
        <Listing<Instance>
          app={app}
          path="/_workflows"
          fixed={asOf(time)}
          label={t("nav.instances")}
          empty={t("instances.none")}
          rowKey={(row) => row.id}
          filters={filters}
          around={(rows, table) => (
            <RowsFrame app={app} rows={rows}>
              {mayAct && <BulkBar app={app} rows={rows.filter(isUnended)} chosen={chosen} choose={choose} decisions={["cancel"]} more={(marked) => <MigrateButton app={app} instances={marked} onDone={() => choose(new Set())} />} />}
              {table}
            </RowsFrame>
          )}
          columns={[...(mayAct ? [select] : []), ...COLUMNS(app)]}
        />
      )}
    </Page>
  );
}

/** The status; of a failed one with its reason. */
function State({ row }: { row: Instance }) {
  const { t } = useTranslation();
  return (
    <>
      <Status value={row.status} label={t(`flow.run.${row.status}`)} />
      {row.failed && (
        <Text size="xs" c="var(--mantine-color-error)" className="rk-break" lineClamp={2}>
          {row.failed.reason}
        </Text>
      )}
    </>
  );
}
