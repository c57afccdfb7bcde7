import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { request } from "../api/client";
import { Icon } from "../ui/icons";
import { useTranslation } from "../words/translator";

const REFRESH_MS = 30_000;
const MOST_SHOWN = 99;

/** The way to the inbox, with how much in it is unread. */
export default function InboxButton({ app }: { app: string }) {
  const { t } = useTranslation();
  const unread = useQuery({
    queryKey: [app, "unread"],
    queryFn: ({ signal }) => request<{ count: number }>(app, "GET", "/_notifications/unread-count", { signal }).then((reply) => reply.data.count),
    refetchInterval: REFRESH_MS,
    meta: { shown: true },
  });
  const count = unread.data ?? 0;
  return (
    <ActionIcon component={Link} to={`/${app}/inbox`} variant="subtle" color="gray" size="lg" pos="relative" aria-label={t("shell.inbox", { number: String(count) })}>
      <Icon name="bell" />
      {count > 0 && (
        <span className="rk-count" aria-hidden="true">
          {count > MOST_SHOWN ? `${MOST_SHOWN}+` : count}
        </span>
      )}
    </ActionIcon>
  );
}
