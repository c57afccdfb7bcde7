import { Anchor, Badge, Button, Group, Text, Timeline } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { usePeople } from "../../../api/people";
import { timestampCell } from "../../../fields/moments";
import { type HistoryEntry, type Instance, inWords, peopleIn } from "../../../model/tasks";
import { Failed } from "../../../ui/failed";
import { Status } from "../../../ui/status";
import { historyQuery, MAX_SHOWN_ENTRIES } from "../queries";

interface Props {
  app: string;
  instance: Instance;
  /** When it is looked at; undefined is now. */
  time: string | undefined;
}

/** What has happened to an instance: the newest entries, or all of a long history from its beginning. */
export function InstanceTimeline({ app, instance, time }: Props) {
  const { t } = useTranslation();
  const [showsAll, showAll] = useState(false);
  if (showsAll) return <WholeTimeline app={app} instance={instance} time={time} />;
  return (
    <>
      {instance.history.length >= MAX_SHOWN_ENTRIES && (
        <Button size="compact-sm" variant="subtle" mb="xs" onClick={() => showAll(true)}>
          {t("instances.wholeHistory")}
        </Button>
      )}
      <Entries app={app} instance={instance} entries={instance.history} />
    </>
  );
}

function WholeTimeline({ app, instance, time }: Props) {
  const { t } = useTranslation();
  const found = useInfiniteQuery(historyQuery(app, instance, time));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  const entries = found.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <Entries app={app} instance={instance} entries={entries} />
      {(found.hasNextPage || found.isLoading) && (
        <Button size="compact-sm" variant="subtle" mt="xs" loading={found.isFetching} onClick={() => void found.fetchNextPage()}>
          {t("instances.moreHistory", { shown: entries.length, total: found.data?.pages[0]?.meta.total ?? 0 })}
        </Button>
      )}
    </>
  );
}

/** Step by step, with persons, comments and reasons. */
function Entries({ app, instance, entries }: { app: string; instance: Instance; entries: HistoryEntry[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  // The times of entries are those at which they have just happened.
  const go = (at: string) => void navigate({ to: ".", search: ((before: Record<string, unknown>) => ({ ...before, at })) as never });
  const people = peopleIn(instance, usePeople(app));
  const name = (id: string) => people.get(id) ?? id.slice(0, 8);
  return (
    <Timeline bulletSize={12} lineWidth={2} active={-1}>
      {entries.map((entry, at) => (
        <Timeline.Item key={at} title={<Text size="sm" fw={600} component="span">{[entry.scope, entry.step ?? t("tasks.workflow")].filter(Boolean).join(" · ")}</Text>}>
          <Group gap="xs">
            <Status value={entry.status} label={t(`flow.status.${entry.status}`, { defaultValue: entry.status })} />
            {entry.override && <Badge color="orange" variant="dot" size="sm" tt="none">{t("tasks.overridden")}</Badge>}
            <Anchor component="button" type="button" size="xs" c="dimmed" title={t("instances.then")} onClick={() => go(entry.at)}>
              {timestampCell(entry.at)}
            </Anchor>
          </Group>
          <Said entry={entry} name={name} />
        </Timeline.Item>
      ))}
    </Timeline>
  );
}

function Said({ entry, name }: { entry: HistoryEntry; name: (id: string) => string }) {
  const { t } = useTranslation();
  const who = entry.by && [name(entry.by), ...(entry.on_behalf_of ? [t("tasks.for", { who: name(entry.on_behalf_of) })] : [])].join(" ");
  return (
    <>
      {who && <Text size="sm">{who}</Text>}
      {entry.seat && <Text size="sm">{t("tasks.seatNamed", { seat: entry.seat })}</Text>}
      {entry.to !== undefined && <Text size="sm">→ {toWords(entry.to)}</Text>}
      {entry.comment && <Text size="sm" className="rk-break">“{entry.comment}”</Text>}
      {Object.entries(entry.form ?? {}).map(([field, value]) => (
        <Text size="sm" key={field} className="rk-break">
          {field}: {inWords(value)}
        </Text>
      ))}
      {entry.reason && <Text size="sm" c="var(--mantine-color-error)" className="rk-break">{entry.reason}</Text>}
    </>
  );
}

function toWords(to: unknown): string {
  if (typeof to !== "object" || to === null) return String(to);
  const { label, role, roles, user, users } = to as { label?: string; role?: string; roles?: string[]; user?: { email: string }; users?: { email: string }[] };
  const named = [role, ...(roles ?? []), user?.email, ...(users ?? []).map((each) => each.email)].filter(Boolean);
  return [label, ...named].filter(Boolean).join(", ") || inWords(to);
}
