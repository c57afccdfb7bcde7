import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import type { Instance } from "../../../model/tasks";
import { Status } from "../../../ui/status";
import type { MigrationReply } from "../migration";
import { useRecordNames } from "../queries";

const MAX_SHOWN = 100;

/** Which instances go along, and why others don't: those first. */
export function MigrationResults({ app, label, reply, instances }: { app: string; label: string; reply: MigrationReply; instances: Instance[] }) {
  const { t } = useTranslation();
  const names = useRecordNames(app, instances);
  const nameOf = (id: string | null) => {
    const instance = instances.find((each) => each.id === id);
    return (instance && names.get(`${instance.entity}/${instance.record_id}`)) ?? id?.slice(0, 8);
  };
  const rows = [...reply.results].sort((one, other) => Number(one.ok) - Number(other.ok));
  const able = rows.filter((row) => row.ok).length;
  return (
    <section aria-label={label}>
      <Text size="sm">{[t("migrate.count", { able, unable: rows.length - able }), reply.more ? t("migrate.more") : ""].filter(Boolean).join(" ")}</Text>
      <Table.ScrollContainer minWidth={420} mah={260}>
        <Table fz="sm" aria-label={label}>
          <Table.Tbody>
            {rows.slice(0, MAX_SHOWN).map((row) => (
              <Table.Tr key={row.instance_id}>
                <Table.Td>
                  <Anchor component={Link} size="sm" to={`/${app}/instances/${row.instance_id}`}>
                    {nameOf(row.instance_id)}
                  </Anchor>
                </Table.Td>
                <Table.Td>{row.step ?? "–"}</Table.Td>
                <Table.Td>
                  <Status value={row.ok ? "ok" : "failed"} label={t(row.ok ? "migrate.able" : "migrate.unable")} />
                </Table.Td>
                <Table.Td className="rk-break">{row.reason}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {rows.length > MAX_SHOWN && <Text size="xs">{t("flow.moreProblems", { count: rows.length - MAX_SHOWN })}</Text>}
    </section>
  );
}
