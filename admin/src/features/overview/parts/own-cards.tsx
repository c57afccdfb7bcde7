import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { LinkButton } from "../../../ui/link-button";

const REFRESH_MS = 30_000;

/** How many rows a list has, without its rows. */
function useTotal(app: string, path: string, query: Record<string, string>) {
  return useQuery({
    queryKey: [app, "total", path, query],
    queryFn: ({ signal }) => request<unknown[]>(app, "GET", path, { signal, query: { ...query, per_page: "1" } }).then((reply) => reply.meta.total ?? 0),
    refetchInterval: REFRESH_MS,
  }).data;
}

/** What waits for the caller. */
export function OwnCards({ app }: { app: string }) {
  const { t } = useTranslation();
  const tasks = useTotal(app, "/_workflows/pending", { assignee: "me" });
  const unread = useTotal(app, "/_notifications", { unread: "true" });
  return (
    <Group gap="sm">
      <LinkButton variant={tasks ? "filled" : "default"} size="xs" to="/$app/tasks" params={{ app }}>
        {t("overview.tasks", { count: tasks ?? 0 })}
      </LinkButton>
      <LinkButton variant={unread ? "filled" : "default"} size="xs" to="/$app/inbox" params={{ app }} search={{ unread: "true" } as never}>
        {t("overview.unread", { count: unread ?? 0 })}
      </LinkButton>
    </Group>
  );
}
