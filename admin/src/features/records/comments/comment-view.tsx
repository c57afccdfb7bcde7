import { Box, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useIsAdmin, useMe } from "../../../api/app-schema";
import { timestampCell } from "../../../fields/moments";
import type { Thread } from "../../../model/threads";
import { Markdown } from "../../../ui/markdown";
import { useTranslation } from "../../../words/translator";
import { Composer } from "./composer";
import { useUnsay } from "./queries";

const MAX_INDENTED = 3;

interface Props {
  app: string;
  entity: string;
  id: string;
  thread: Thread;
  depth: number;
  /** Whether nothing can be written: at another time, or as somebody else. */
  readOnly: boolean;
}

/** A comment with what was replied to it. */
export function CommentView({ app, entity, id, thread, depth, readOnly }: Props) {
  const { t } = useTranslation();
  const { comment, replies } = thread;
  const [isEditing, setEditing] = useState(false);
  const about = { app, entity, id };
  return (
    <Stack gap="xs" component="li" style={{ listStyle: "none" }}>
      <Paper component="article" withBorder p="sm" aria-label={t("comments.by", { who: comment.user_email ?? "–" })}>
        <Group gap={6} mb={4}>
          <Text size="sm" fw={600} className="rk-break">
            {comment.user_email ?? "–"}
          </Text>
          <Text size="xs" c="dimmed">
            {timestampCell(comment.created_at)}
            {comment.edited && !comment.deleted ? ` · ${t("comments.edited")}` : ""}
          </Text>
        </Group>
        {comment.deleted ? (
          <Text size="sm" c="dimmed" fs="italic">
            {t("comments.deleted")}
          </Text>
        ) : isEditing ? (
          <Composer {...about} label={t("comments.edit")} changed={comment} onDone={() => setEditing(false)} />
        ) : (
          <Box className="rk-break">
            <Markdown text={comment.body ?? ""} />
          </Box>
        )}
        {!readOnly && !comment.deleted && !isEditing && <Acts {...about} thread={thread} onEdit={() => setEditing(true)} />}
      </Paper>
      {replies.length > 0 && (
        <Stack component="ul" gap="xs" m={0} p={0} ps={depth < MAX_INDENTED ? "md" : 0}>
          {replies.map((reply) => (
            <CommentView key={reply.comment.id} {...about} thread={reply} depth={depth + 1} readOnly={readOnly} />
          ))}
        </Stack>
      )}
    </Stack>
  );
}

function Acts({ app, entity, id, thread, onEdit }: Omit<Props, "depth" | "readOnly"> & { onEdit: () => void }) {
  const { t } = useTranslation();
  const me = useMe(app);
  const isAdmin = useIsAdmin(app);
  const unsay = useUnsay(app, entity, id);
  const [isReplying, setReplying] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const { comment } = thread;
  const isOwn = me?.id === comment.user_id;
  if (isReplying) return <Composer {...{ app, entity, id }} label={t("comments.reply")} parent={comment.id} onDone={() => setReplying(false)} />;
  return (
    <Group gap={4} mt={4}>
      <Act word="comments.reply" onClick={() => setReplying(true)} />
      {isOwn && <Act word="action.edit" onClick={onEdit} />}
      {(isOwn || isAdmin) && !isAsking && <Act word="action.delete" onClick={() => setAsking(true)} />}
      {isAsking && (
        <>
          <Text size="xs">{t("comments.sure")}</Text>
          <Button size="compact-xs" color="red" loading={unsay.isPending} onClick={() => unsay.mutate(comment.id)}>
            {t("action.delete")}
          </Button>
          <Act word="action.cancel" onClick={() => setAsking(false)} />
        </>
      )}
    </Group>
  );
}

function Act({ word, onClick }: { word: string; onClick: () => void }) {
  const { t } = useTranslation();
  return (
    <Button size="compact-xs" variant="subtle" onClick={onClick}>
      {t(word)}
    </Button>
  );
}
