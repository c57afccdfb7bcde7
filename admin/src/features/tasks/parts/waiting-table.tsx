import { Anchor, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import type { Kpis, Waiting } from "../../../model/kpis";

interface Props {
  app: string;
  rows: Waiting[];
  window: Kpis["window"];
  workflow: string | undefined;
}

/** For whom how much waits, and since when. */
export function WaitingTable({ app, rows, window, workflow }: Props) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("kpis.waiting")}>
      <Title order={2} size="h6" mb="xs">
        {t("kpis.waiting")}
      </Title>
      {rows.length === 0 && <Text size="sm" c="dimmed">{t("kpis.nobodyWaits")}</Text>}
      {rows.length > 0 && (
        <Table fz="sm" aria-label={t("kpis.waiting")}>
          <Table.Thead>
            <Table.Tr>
              {["flow.who", "kpis.count", "kpis.oldest"].map((word) => (
                <Table.Th key={word}>{t(word)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => {
              const key = row.role ?? row.user?.id;
              const name = row.role ?? row.user?.email ?? row.user?.id ?? t("flow.deciders.anyone");
              const search = { ...window, ...(workflow ? { workflow } : {}), waiting_for: key };
              return (
                <Table.Tr key={key ?? "anyone"}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td>
                    {key === undefined ? row.count : <Anchor component={Link} size="sm" to={`/${app}/instances`} search={search as never} aria-label={t("kpis.waitFor", { count: row.count, who: name })}>{row.count}</Anchor>}
                  </Table.Td>
                  <Table.Td>{timestampCell(row.oldest_at)}</Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}
