import { Button, Loader, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useLive } from "../../../api/live";
import { useAt } from "../../../api/moment";
import { useViewAs } from "../../../api/view-as";
import { threadsOf } from "../../../model/threads";
import { Failed } from "../../../ui/failed";
import { useTranslation } from "../../../words/translator";
import { CommentView } from "./comment-view";
import { Composer } from "./composer";
import { commentsQuery, useReread } from "./queries";

const COMMENTS = "_comments";

interface Props {
  app: string;
  entity: string;
  id: string;
  /** The key of the record, where `id` may be a slug. */
  recordId: string;
}

/** What people say about a record, as it is said. */
export default function Comments({ app, entity, id, recordId }: Props) {
  const { t } = useTranslation();
  const at = useAt();
  const isOnlyLooking = useViewAs(app) !== undefined;
  const comments = useInfiniteQuery(commentsQuery(app, entity, id, at));
  const reread = useReread(app, entity, id);
  useLive(
    app,
    COMMENTS,
    new URLSearchParams(),
    at === undefined,
    (changes) => void (changes.some(({ entity: name, record }) => name === COMMENTS && (!record || record["record_id"] === recordId)) && reread()),
    { onGap: () => void reread() },
  );
  if (comments.error) return <Failed error={comments.error} retry={() => void comments.refetch()} />;
  const all = comments.data?.pages.flatMap((page) => page.data) ?? [];
  const readOnly = at !== undefined || isOnlyLooking;
  return (
    <Stack component="section" gap="sm" aria-label={t("comments.title")}>
      <Title order={2} size="h5">
        {t("comments.title")}
      </Title>
      {!comments.data ? (
        <Loader size="sm" aria-label={t("shell.loading")} />
      ) : all.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("comments.none")}
        </Text>
      ) : (
        <Stack component="ul" gap="sm" m={0} p={0}>
          {threadsOf(all).map((thread) => (
            <CommentView key={thread.comment.id} {...{ app, entity, id }} thread={thread} depth={0} readOnly={readOnly} />
          ))}
        </Stack>
      )}
      {comments.hasNextPage && (
        <Button size="compact-sm" variant="subtle" loading={comments.isFetchingNextPage} onClick={() => void comments.fetchNextPage()}>
          {t("history.more")}
        </Button>
      )}
      {!readOnly && <Composer {...{ app, entity, id }} label={t("comments.write")} />}
    </Stack>
  );
}
