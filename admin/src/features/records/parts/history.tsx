import { Button, Group, Stack, Text, Timeline, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAt } from "../../../api/moment";
import { timestampCell } from "../../../fields/moments";
import type { Entity, Row } from "../../../model/schema";
import { Failed } from "../../../ui/failed";
import { useNames } from "../names";
import { historyQuery, type Version } from "../queries";
import { UndoDialog } from "./undo-dialog";
import { VersionsDialog } from "./versions-dialog";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  etag: string | null;
}

/** Every version of a record, newest first: who changed what, a way back, and the versions side by side. */
export function History({ app, entity, id, row, etag }: Props) {
  const { t } = useTranslation();
  const at = useAt();
  const history = useInfiniteQuery(historyQuery(app, entity, id));
  const [undone, setUndone] = useState<Version>();
  const [comparing, setComparing] = useState(false);
  const versions = history.data?.pages.flatMap((page) => page.data) ?? [];
  const newest = versions[0]?.version ?? 0;
  const automatic = new Set(entity.fields.filter((field) => field.auto).map((field) => field.name));
  const changes = versions.map((version) => ({ version, changed: Object.entries(version.changed ?? {}).filter(([field]) => !automatic.has(field)) }));
  const say = useNames(app, entity, changes.flatMap(({ changed }) => changed.flatMap(([field, { old, new: value }]) => [{ field, value: old }, { field, value }])));
  const mayUndo = at === undefined && entity.actions.includes("update");
  if (history.error) return <Failed error={history.error} retry={() => void history.refetch()} />;
  return (
    <section aria-label={t("history.title")}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          {t("history.title")}
        </Title>
        {newest > 1 && (
          <Button size="compact-xs" variant="default" onClick={() => setComparing(true)}>
            {t("history.compare")}
          </Button>
        )}
      </Group>
      <Timeline bulletSize={12} lineWidth={2} active={-1}>
        {changes.map(({ version, changed }) => (
          <Timeline.Item key={version.version} title={t(`history.${version.action}`, { defaultValue: version.action })}>
            <Text size="xs" c="dimmed">
              {t("history.by", { who: version.user?.email ?? "–", when: timestampCell(version.at) })}
              {version.cause && version.cause !== "request" ? ` · ${version.cause}` : ""}
            </Text>
            <Stack gap={2} mt={4}>
              {changed.map(([field, { old, new: value }]) => (
                <Text key={field} size="sm" className="rk-break">
                  <b>{field}</b>: {version.action === "create" ? say(field, value) : `${say(field, old)} → ${say(field, value)}`}
                </Text>
              ))}
            </Stack>
            {mayUndo && version.action !== "create" && (
              <Button size="compact-xs" variant="subtle" onClick={() => setUndone(version)}>
                {t("history.undo")}
              </Button>
            )}
          </Timeline.Item>
        ))}
      </Timeline>
      {history.hasNextPage && (
        <Button size="compact-sm" variant="subtle" loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          {t("history.more")}
        </Button>
      )}
      {undone && <UndoDialog {...{ app, entity, id, row, etag, versions }} version={undone} onClose={() => setUndone(undefined)} />}
      {comparing && <VersionsDialog {...{ app, entity, id, row, etag, newest }} mayRestore={mayUndo} onClose={() => setComparing(false)} />}
    </section>
  );
}
