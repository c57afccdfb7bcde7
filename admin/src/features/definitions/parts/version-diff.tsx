import { Badge, Code, Loader, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { type Difference, differences } from "../../../model/workflow-diff";
import { Failed } from "../../../ui/failed";
import { type Document, documentOf, versionQuery } from "../queries";

interface Props {
  app: string;
  kind: string;
  id: string;
  version: number;
  current: Document;
}

const COLOURS = { added: "teal", removed: "red", changed: "blue", moved: "grape" };
const shown = (value: unknown): string => (value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value));

/** What has changed since a version: by step and key where the definition has steps. */
export function VersionDiff({ app, kind, id, version, current }: Props) {
  const { t } = useTranslation();
  const found = useQuery(versionQuery(app, kind, id, version));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  return <Differences found={differences(documentOf(kind, found.data), current)} label={t("diff.since", { version })} />;
}

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
                <Badge variant="light" color={COLOURS[each.kind]} tt="none">
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
