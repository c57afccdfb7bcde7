import { Badge, Button, Group, Loader, Select, Stack, Text, Timeline } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { timestampCell } from "../../../fields/moments";
import { Failed } from "../../../ui/failed";
import { LinkButton } from "../../../ui/link-button";
import { useTranslation } from "../../../words/translator";
import { type ActivityEntry, activityQuery } from "./queries";

const TYPES = ["created", "field_update", "state_change", "deleted", "restored", "comment", "workflow"] as const;
const COLOURS: Record<string, string> = { created: "green", deleted: "red", restored: "teal", comment: "blue", state_change: "violet", workflow: "orange" };

interface Props {
  app: string;
  entity: string;
  id: string;
}

/** Everything that has happened to a record, newest first: changes, states, comments, steps of workflows. */
export default function Activity({ app, entity, id }: Props) {
  const { t } = useTranslation();
  const [type, setType] = useState<string | null>(null);
  const activity = useInfiniteQuery(activityQuery(app, entity, id, type ?? ""));
  if (activity.error) return <Failed error={activity.error} retry={() => void activity.refetch()} />;
  const entries = activity.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Stack gap="sm">
      <Select size="xs" clearable clearButtonProps={{ "aria-label": t("action.clear") }} aria-label={t("activity.type")} placeholder={t("activity.all")} data={TYPES.map((value) => ({ value, label: t(`activity.${value}`) }))} value={type} onChange={setType} />
      {!activity.data ? (
        <Loader size="sm" aria-label={t("shell.loading")} />
      ) : entries.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("activity.none")}
        </Text>
      ) : (
        <Timeline bulletSize={12} lineWidth={2} active={-1}>
          {entries.map((entry) => (
            <Timeline.Item
              key={entry.id}
              title={
                <Badge size="sm" variant="light" color={COLOURS[entry.type] ?? "gray"}>
                  {t(`activity.${entry.type}`, { defaultValue: entry.type })}
                </Badge>
              }
            >
              <Text size="xs" c="dimmed" className="rk-break">
                {t("history.by", { who: entry.user_email ?? "–", when: timestampCell(entry.created_at) })}
              </Text>
              <Told app={app} entry={entry} />
            </Timeline.Item>
          ))}
        </Timeline>
      )}
      {activity.hasNextPage && (
        <Button size="compact-sm" variant="subtle" loading={activity.isFetchingNextPage} onClick={() => void activity.fetchNextPage()}>
          {t("history.more")}
        </Button>
      )}
    </Stack>
  );
}

function Told({ app, entry }: { app: string; entry: ActivityEntry }) {
  const { t } = useTranslation();
  const { metadata } = entry;
  const say = (value: unknown) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
  switch (entry.type) {
    case "field_update":
      return Object.entries((metadata["changed"] ?? {}) as Record<string, { old: unknown; new: unknown }>).map(([field, { old, new: value }]) => (
        <Text key={field} size="sm" className="rk-break">
          <b>{field}</b>: {say(old)} → {say(value)}
        </Text>
      ));
    case "state_change":
      return (
        <Text size="sm" className="rk-break">
          <b>{say(metadata["field"])}</b>: {say(metadata["from"])} → {say(metadata["to"])}
        </Text>
      );
    case "comment":
      return (
        <Text size="sm" className="rk-break" lineClamp={4}>
          {say(metadata["body"])}
        </Text>
      );
    case "workflow":
      return (
        <Group gap={4}>
          <Text size="sm" className="rk-break">
            {say(metadata["workflow"])}: {say(metadata["step"])} · {t(`status.${say(metadata["status"])}`, { defaultValue: say(metadata["status"]) })}
            {metadata["comment"] ? ` · ${say(metadata["comment"])}` : ""}
          </Text>
          <LinkButton to="/$app/instances/$id" params={{ app, id: say(metadata["instance_id"]) }} size="compact-xs" variant="subtle">
            {t("activity.instance")}
          </LinkButton>
        </Group>
      );
    default:
      return null;
  }
}
