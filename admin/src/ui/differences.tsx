/** What differs between two versions of a definition, as a table. */

import { Badge, Code, Table, Text } from "@mantine/core";
import { useTranslation } from "../words/translator";
import type { Difference } from "../model/workflow-diff";

const COLOURS = { added: "teal", removed: "red", changed: "blue", moved: "grape" };
const shown = (value: unknown): string => (value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value));

export function Differences({ found, label }: { found: Difference[]; label: string }) {
  const { t } = useTranslation();
  if (found.length === 0) return <Text size="sm" c="dimmed">{t("diff.same")}</Text>;
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table fz="sm" aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {["diff.where", "diff.kind", "diff.before", "diff.after"].map((word) => (
              <Table.Th key={word}>{t(word)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {found.map((each, at) => (
            <Table.Tr key={at}>
              <Table.Td className="rk-break">{[each.step, each.key].filter(Boolean).join(" · ")}</Table.Td>
              <Table.Td>
                <Badge variant="dot" color={COLOURS[each.kind]} tt="none" miw="max-content">
                  {t(`diff.${each.kind}`)}
                </Badge>
              </Table.Td>
              <Table.Td className="rk-break">
                <Code>{shown(each.before)}</Code>
              </Table.Td>
              <Table.Td className="rk-break">
                <Code>{shown(each.after)}</Code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
