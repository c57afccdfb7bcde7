import { ActionIcon, Alert, Button, Group, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import { Icon } from "../../../ui/icons";
import type { Draft } from "../draft";

/** Says that what is shown was typed before and never saved. */
export function DraftNotice({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  if (!draft.kept) return null;
  return (
    <Alert color="yellow" role="status" p="xs">
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          {t("draft.shown", { when: timestampCell(draft.kept.at) })} {draft.kept.isStale && t("draft.stale")}
        </Text>
        <Button size="compact-sm" variant="default" onClick={draft.discard}>
          {t("draft.discard")}
        </Button>
      </Group>
    </Alert>
  );
}

/** Back and forth through the edits, and what they come to. */
export function Steps({ draft, isCompared = false, compare }: { draft: Draft; isCompared?: boolean; compare?: ((shows: boolean) => void) | undefined }) {
  const { t } = useTranslation();
  return (
    <Group gap={4}>
      <ActionIcon variant="default" size="lg" disabled={!draft.undo} onClick={draft.undo} aria-label={t("draft.undo")} title={t("draft.undo")}>
        <Icon name="restore" size={16} />
      </ActionIcon>
      <ActionIcon variant="default" size="lg" disabled={!draft.redo} onClick={draft.redo} aria-label={t("draft.redo")} title={t("draft.redo")}>
        <Icon name="redo" size={16} />
      </ActionIcon>
      {draft.isChanged && compare && (
        <Button variant="subtle" size="sm" aria-expanded={isCompared} onClick={() => compare(!isCompared)}>
          {t("draft.changes")}
        </Button>
      )}
    </Group>
  );
}
