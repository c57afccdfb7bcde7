import { Group } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";

interface Run {
  status: string;
  checked: number | null;
  total: number | null;
  equal: boolean | null;
  differences: number | null;
  hash: string | null;
}

interface Projection {
  name: string;
  service: string;
  position: number;
  lag: number;
  verify: Run | null;
  rebuild: Run | null;
}

const REBUILT = ["records", "audit", "activity"];
const REFRESH_MS = 3_000;

/** What is made of the commit log, how far it has come, and the proof that it says the same. */
export function ProjectionsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/projections" });
  return (
    <Page title={t("nav.projections")} help={t("projections.help")}>
      <Listing<Projection>
        app={app}
        path="/_admin/projections"
        label={t("nav.projections")}
        empty=""
        paged={false}
        rowKey={(row) => row.name}
        refreshMs={REFRESH_MS}
        columns={[
          { label: "projections.name", cell: (row) => row.name },
          { label: "projections.position", cell: (row) => row.position },
          { label: "projections.lag", cell: (row) => row.lag },
          { label: "projections.proof", cell: (row) => <Proof run={row.verify} /> },
          { label: "projections.rebuilt", cell: (row) => (row.rebuild ? <Status value={row.rebuild.status} /> : "–") },
          {
            label: "deadLetters.act",
            cell: (row) => (
              <Group gap="xs" wrap="nowrap">
                <Act app={app} path={`/_admin/projections/${row.name}/verify`} body={{}} label={t("projections.verify")} done={t("projections.begun")} />
                {REBUILT.includes(row.name) && (
                  <Act app={app} path={`/_admin/projections/${row.name}/rebuild`} body={{}} label={t("projections.rebuild")} done={t("projections.begun")} />
                )}
              </Group>
            ),
          },
        ]}
      />
    </Page>
  );
}

function Proof({ run }: { run: Run | null }) {
  const { t } = useTranslation();
  if (!run) return <>–</>;
  if (run.status !== "done") return <Status value={run.status} />;
  return <>{run.equal ? t("projections.equal", { count: run.checked ?? 0 }) : t("projections.differs", { count: run.differences ?? 0 })}</>;
}
