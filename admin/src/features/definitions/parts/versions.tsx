import { Button, Text, Timeline, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { type Document, useRestoreVersion, versionsQuery } from "../queries";
import { VersionDiff } from "./version-diff";

const SHOWN_PATHS = 6;

/** The versions of a definition: who changed what, and a way back to each. */
export function Versions({ app, kind, id, current }: { app: string; kind: string; id: string; current: Document }) {
  const { t } = useTranslation();
  const [compared, compare] = useState<number>();
  const versions = useQuery(versionsQuery(app, kind, id));
  const restore = useRestoreVersion(app, kind, id);
  const goBack = async (version: number) => {
    await restore.mutateAsync(version);
    showDone(t("definitions.restored", { version }));
  };
  if (versions.error) return <Failed error={versions.error} retry={() => void versions.refetch()} />;
  const rows = versions.data ?? [];
  return (
    <section aria-label={t("definitions.versions")}>
      <Title order={2} size="h5" mb="sm">
        {t("definitions.versions")}
      </Title>
      {versions.data?.length === 0 && <Text c="dimmed">{t("definitions.none")}</Text>}
      <Timeline bulletSize={12} lineWidth={2} active={-1}>
        {rows.map((row, at) => (
          <Timeline.Item key={row.version} title={t("definitions.version", { version: row.version })}>
            <Text size="xs" c="dimmed">
              {t("history.by", { who: row.user?.email ?? "–", when: timestampCell(row.at) })}
            </Text>
            <Text size="sm">{row.changed.slice(0, SHOWN_PATHS).join(", ")}</Text>
            {at > 0 && (
              <Button size="compact-xs" variant="subtle" aria-expanded={compared === row.version} onClick={() => compare(compared === row.version ? undefined : row.version)}>
                {t("diff.compare")}
              </Button>
            )}
            {at > 0 && (
              <Button size="compact-xs" variant="subtle" loading={restore.isPending && restore.variables === row.version} onClick={() => void goBack(row.version)}>
                {t("definitions.restore")}
              </Button>
            )}
            {compared === row.version && <VersionDiff app={app} kind={kind} id={id} version={row.version} current={current} />}
          </Timeline.Item>
        ))}
      </Timeline>
    </section>
  );
}
