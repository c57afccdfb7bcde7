import { Anchor, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { ListState } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { later } from "../../../ui/later";
import type { Reach } from "../bulk";
import { countQuery } from "../queries";
import type { Selection } from "../use-selection";
import type { BulkKind } from "./bulk-dialog";

const BulkDialog = later(() => import("./bulk-dialog"), "BulkDialog");

interface Props {
  app: string;
  entity: Entity;
  state: ListState;
  selection: Selection;
  /** Whether every row of the page is selected, and there are others. */
  isPageFull: boolean;
  labels: ReadonlyMap<string, string>;
}

/** What can be done with the selected records. All that match can be chosen where a filter says which; they are counted first. */
export function SelectionBar({ app, entity, state, selection, isPageFull, labels }: Props) {
  const { t, i18n } = useTranslation();
  const [asked, setAsked] = useState<BulkKind>();
  // The API acts on all that match only where something says which.
  const hasFilter = (state.where ?? []).length > 0 || Boolean(state.q) || Boolean(state.trash);
  const counted = useQuery({ ...countQuery(app, entity, state, "exact"), enabled: selection.isAll || (isPageFull && hasFilter), staleTime: 0 });
  const total = counted.data?.total;
  const reach: Reach | undefined = !selection.isAll ? { ids: [...selection.ids] } : total === undefined ? undefined : { state, expected: total };
  const count = selection.isAll ? total : selection.ids.size;
  const number = (count ?? 0).toLocaleString(i18n.language);
  const may = (action: "update" | "delete") => entity.actions.includes(action);
  const button = (kind: BulkKind, icon: "edit" | "trash" | "restore", word: string) => (
    <Button size="xs" variant="light" {...(kind === "delete" ? { color: "red" } : {})} disabled={!reach} onClick={() => setAsked(kind)} leftSection={<Icon name={icon} size={14} />}>
      {t(word, { count: count ?? 0 })}
    </Button>
  );
  return (
    <Group className="rk-list-bar" role="region" aria-label={t("selection.label")} gap="sm" px="sm" py={6}>
      <Text size="sm" fw={600}>
        {count === undefined ? "…" : t(selection.isAll ? "selection.all" : "selection.some", { count, number })}
      </Text>
      {!selection.isAll && isPageFull && (hasFilter ? (
        <Anchor component="button" size="sm" onClick={selection.selectAll}>
          {t("selection.chooseAll", { number: (total ?? 0).toLocaleString(i18n.language) })}
        </Anchor>
      ) : (
        <Text size="sm" c="dimmed">
          {t("selection.filterFirst")}
        </Text>
      ))}
      <Group gap="xs" ms="auto">
        {!state.trash && may("update") && button("set", "edit", "selection.edit")}
        {!state.trash && may("delete") && button("delete", "trash", "records.deleteSelected")}
        {state.trash && may("delete") && button("restore", "restore", "selection.restore")}
        <Button size="xs" variant="subtle" onClick={selection.clear}>
          {t("selection.clear")}
        </Button>
      </Group>
      {asked && reach && (
        <BulkDialog {...{ app, entity, reach, labels }} kind={asked} count={count ?? 0} onClose={() => setAsked(undefined)} onDone={selection.clear} recount={() => void counted.refetch()} />
      )}
    </Group>
  );
}
