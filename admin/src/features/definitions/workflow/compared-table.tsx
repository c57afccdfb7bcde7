import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import type { Compared } from "./simulation";

const MAX_SHOWN = 100;

/** Instances of a simulation: where they would have gone another way, or why that is not known. */
export function ComparedTable({ app, rows }: { app: string; rows: Compared[] }) {
  const { t } = useTranslation();
  const outcome = (each: Compared["was"]) => (each ? [each.step, t(`flow.status.${each.status}`, { defaultValue: t(`flow.run.${each.status}`, { defaultValue: each.status }) })].filter(Boolean).join(": ") : "–");
  if (rows.length === 0) return <Text c="dimmed">{t("simulate.noRows")}</Text>;
  return (
    <>
      <Table.ScrollContainer minWidth={480} mah={560}>
        <Table fz="sm" aria-label={t("simulate.differences")}>
          <Table.Thead>
            <Table.Tr>
              {["simulate.instance", "simulate.at", "simulate.was", "simulate.would", "tasks.reason"].map((word) => (
                <Table.Th key={word}>{t(word)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.slice(0, MAX_SHOWN).map((row) => (
              <Table.Tr key={row.instance_id}>
                <Table.Td>
                  <Anchor component={Link} size="sm" to={`/${app}/instances/${row.instance_id}`}>
                    {row.instance_id.slice(0, 8)}
                  </Anchor>
                </Table.Td>
                <Table.Td>{row.differs_at ?? "–"}</Table.Td>
                <Table.Td>{outcome(row.was)}</Table.Td>
                <Table.Td>{outcome(row.would)}</Table.Td>
                <Table.Td className="rk-break">{row.reason}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {rows.length > MAX_SHOWN && <Text size="xs">{t("flow.moreProblems", { count: rows.length - MAX_SHOWN })}</Text>}
    </>
  );
}
