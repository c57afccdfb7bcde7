import { Button, Group, Stack, Text, Timeline, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Entity } from "../../../model/schema";
import { timestampCell } from "../../../fields/moments";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { historyQuery, useUndo, type Version } from "../queries";

const LONGEST = 80;

/** Every version of a record, newest first: who changed what, and a way back. */
export function History({ app, entity, id }: { app: string; entity: Entity; id: string }) {
  const { t } = useTranslation();
  const history = useQuery(historyQuery(app, entity, id));
  const undo = useUndo(app);
  const automatic = new Set(entity.fields.filter((field) => field.auto).map((field) => field.name));
  const revert = async (version: Version) => {
    await undo.mutateAsync(version.commit_id);
    showDone(t("history.undone"));
  };
  if (history.error) return <Failed error={history.error} retry={() => void history.refetch()} />;
  return (
    <section aria-label={t("history.title")}>
      <Title order={2} size="h5" mb="sm">
        {t("history.title")}
      </Title>
      <Timeline bulletSize={12} lineWidth={2} active={-1}>
        {(history.data?.data ?? []).map((version) => (
          <Timeline.Item key={version.version} title={t(`history.${version.action}`, { defaultValue: version.action })}>
            <Text size="xs" c="dimmed">
              {t("history.by", { who: version.user?.email ?? "–", when: timestampCell(version.at) })}
              {version.cause && version.cause !== "request" ? ` · ${version.cause}` : ""}
            </Text>
            <Stack gap={2} mt={4}>
              {Object.entries(version.changed ?? {}).filter(([field]) => !automatic.has(field)).map(([field, { old, new: value }]) => (
                <Text key={field} size="sm">
                  <b>{field}</b>: {show(old)} → {show(value)}
                </Text>
              ))}
            </Stack>
            {entity.actions.includes("update") && version.action !== "create" && (
              <Group>
                <Button size="compact-xs" variant="subtle" onClick={() => void revert(version)} loading={undo.isPending && undo.variables === version.commit_id}>
                  {t("history.undo")}
                </Button>
              </Group>
            )}
          </Timeline.Item>
        ))}
      </Timeline>
    </section>
  );
}

function show(value: unknown): string {
  if (value === null || value === undefined) return "–";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
