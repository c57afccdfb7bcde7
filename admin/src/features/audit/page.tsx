import { Button, Modal, Table, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";

interface AuditRow {
  id: string;
  entity: string;
  record_id: string;
  action: string;
  old_data: Record<string, unknown> | null;
  new_data: Record<string, unknown> | null;
  changed_fields: string[];
  user_email: string | null;
  ip_address: string | null;
  trace_id: string | null;
  timestamp: string;
}

const ACTIONS = ["create", "update", "delete", "restore"] as const;
const REFRESH_MS = 10_000;

/** Who changed what, from where, with the values before and after. */
export function AuditPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/audit" });
  const [shown, setShown] = useState<AuditRow>();
  return (
    <Page title={t("nav.audit")} help={t("audit.help")}>
      <Listing<AuditRow>
        app={app}
        path="/_admin/audit-logs"
        label={t("nav.audit")}
        empty={t("audit.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[
          { name: "entity", label: "deliveries.entity" },
          { name: "action", label: "audit.action", values: ACTIONS },
          { name: "record_id", label: "audit.record" },
        ]}
        columns={[
          { label: "audit.at", cell: (row) => timestampCell(row.timestamp) },
          { label: "audit.who", cell: (row) => row.user_email ?? "–" },
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
      <Modal opened={shown !== undefined} onClose={() => setShown(undefined)} title={`${shown?.entity} ${shown?.record_id}`} size="xl">
        {shown && <Difference row={shown} />}
      </Modal>
    </Page>
  );
}

function Difference({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  const fields = [...new Set([...Object.keys(row.old_data ?? {}), ...Object.keys(row.new_data ?? {})])];
  const show = (value: unknown) => (value === undefined || value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
  return (
    <>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("conflict.field")}</Table.Th>
            <Table.Th>{t("audit.before")}</Table.Th>
            <Table.Th>{t("audit.after")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map((field) => (
            <Table.Tr key={field} fw={row.changed_fields?.includes(field) ? 700 : 400}>
              <Table.Td>{field}</Table.Td>
              <Table.Td>{show(row.old_data?.[field])}</Table.Td>
              <Table.Td>{show(row.new_data?.[field])}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed">
        {t("error.trace", { id: row.trace_id })}
      </Text>
    </>
  );
}
