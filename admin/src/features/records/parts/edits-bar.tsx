import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Entity } from "../../../model/schema";
import { showDone } from "../../../ui/errors";
import { LeaveGuard } from "../../../ui/leave-guard";
import { later } from "../../../ui/later";
import type { ListEdits } from "../use-edits";

const Review = later(() => import("./review"), "Review");

/** What waits to be saved, and what to do with it. Leaving the list asks first. */
export function EditsBar({ app, entity, list }: { app: string; entity: Entity; list: ListEdits }) {
  const { t } = useTranslation();
  const [reviewing, setReviewing] = useState(false);
  const refused = [...list.edits.values()].filter((edit) => Object.keys(edit.refusals).length > 0).length;
  const save: ListEdits["save"] = async (decided) => {
    const { count } = list;
    const isSaved = await list.save(decided);
    if (isSaved) showDone(t("edits.saved", { count }));
    setReviewing(!isSaved);
    return isSaved;
  };
  return (
    <>
      <LeaveGuard when={list.count > 0} what={t("edits.waiting", { count: list.count })} />
      {list.count > 0 && (
        <Group className="rk-list-bar" role="status" gap="sm" px="sm" py={6}>
          <Text size="sm" fw={600}>
            {t("edits.waiting", { count: list.count })}
          </Text>
          {refused > 0 && (
            <Text size="sm" c="var(--mantine-color-error)">
              {t("edits.refused", { count: refused })}
            </Text>
          )}
          {list.clashes.length > 0 && (
            <Text size="sm" c="var(--mantine-color-error)">
              {t("edits.clashes", { count: list.clashes.length })}
            </Text>
          )}
          <Group gap="xs" ms="auto">
            <Button size="xs" variant="default" onClick={() => setReviewing(true)}>
              {t("edits.review")}
            </Button>
            <Button size="xs" loading={list.isSaving} onClick={() => void (list.clashes.length > 0 ? setReviewing(true) : save())}>
              {t("edits.save")}
            </Button>
            <Button size="xs" variant="subtle" onClick={list.discard}>
              {t("edits.discard")}
            </Button>
          </Group>
        </Group>
      )}
      {reviewing && list.count > 0 && <Review app={app} entity={entity} list={list} onSave={save} onClose={() => setReviewing(false)} />}
    </>
  );
}
