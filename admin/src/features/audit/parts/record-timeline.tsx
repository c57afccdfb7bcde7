import { Button, Loader, Text, Timeline } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { timestampCell } from "../../../fields/moments";
import type { AuditRow } from "../../../model/audit";
import { Failed } from "../../../ui/failed";
import { useTranslation } from "../../../words/translator";

const PAGE_ROWS = 20;

interface Props {
  app: string;
  row: AuditRow;
  onShow: (row: AuditRow) => void;
}

/** Every change of the same record, newest first. */
export function RecordTimeline({ app, row, onShow }: Props) {
  const { t } = useTranslation();
  const changes = useInfiniteQuery({
    queryKey: [app, "audit", row.entity, row.record_id],
    queryFn: ({ pageParam, signal }) =>
      request<AuditRow[]>(app, "GET", "/_admin/audit-logs", {
        query: { entity: row.entity, record_id: row.record_id, per_page: String(PAGE_ROWS), cursor: pageParam },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.meta.next_cursor ?? undefined,
  });
  if (changes.error) return <Failed error={changes.error} retry={() => void changes.refetch()} />;
  if (!changes.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  return (
    <section aria-label={t("audit.timeline")}>
      <Timeline bulletSize={12} lineWidth={2} active={-1}>
        {changes.data.pages
          .flatMap((page) => page.data)
          .map((each) => (
            <Timeline.Item key={each.id} title={t(`history.${each.action}`, { defaultValue: each.action })} color={each.id === row.id ? "blue" : "gray"}>
              <Text size="xs" c="dimmed">
                {t("history.by", { who: each.user_email ?? "–", when: timestampCell(each.timestamp) })}
                {each.cause ? ` · ${each.cause}` : ""}
              </Text>
              <Button size="compact-xs" variant="subtle" disabled={each.id === row.id} onClick={() => onShow(each)}>
                {each.changed_fields.slice(0, 6).join(", ") || t("audit.show")}
              </Button>
            </Timeline.Item>
          ))}
      </Timeline>
      {changes.hasNextPage && (
        <Button size="compact-sm" variant="subtle" loading={changes.isFetchingNextPage} onClick={() => void changes.fetchNextPage()}>
          {t("history.more")}
        </Button>
      )}
    </section>
  );
}
