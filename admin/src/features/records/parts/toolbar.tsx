import { Button, Group, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useTranslation } from "../../../words/translator";
import { useAt } from "../../../api/moment";
import type { ListState } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import type { LiveList } from "../live-list";
import { ColumnsMenu } from "./columns-menu";
import { ExportMenu } from "./export-menu";
import { FilterBar } from "./filter-bar";
import { MoreMenu } from "./more-menu";
import { ViewsMenu } from "./views-menu";

interface Props {
  app: string;
  entity: Entity;
  state: ListState;
  live: LiveList;
  isEditing: boolean;
  mayEdit: boolean;
  onEditing: (on: boolean) => void;
  onChange: (part: Partial<ListState>) => void;
  /** Show the list in another state altogether, as a saved view does. */
  onOpen: (state: ListState) => void;
}

const TYPING_MS = 300;

/** What decides which records the list shows, and how. */
export function Toolbar({ app, entity, state, live, isEditing, mayEdit, onEditing, onChange, onOpen }: Props) {
  const { t } = useTranslation();
  const at = useAt();
  const search = useDebouncedCallback((q: string) => onChange({ q: q || undefined }), TYPING_MS);
  return (
    <Group gap="xs">
      <ViewsMenu app={app} entity={entity.name} state={state} onOpen={onOpen} />
      <TextInput
        key={state.view ?? ""}
        size="xs"
        w={240}
        defaultValue={state.q ?? ""}
        onChange={(event) => search(event.currentTarget.value)}
        placeholder={t("records.search")}
        aria-label={t("records.search")}
        leftSection={<Icon name="search" size={14} />}
      />
      <FilterBar app={app} entity={entity} where={state.where ?? []} onChange={(where) => onChange({ where: where.length ? where : undefined })} />
      <ColumnsMenu entity={entity} shown={state.columns} onChange={onChange} />
      {mayEdit && (
        <Button size="xs" variant={isEditing ? "filled" : "default"} aria-pressed={isEditing} title={t("edits.help")} onClick={() => onEditing(!isEditing)} leftSection={<Icon name="edit" size={14} />}>
          {t("edits.mode")}
        </Button>
      )}
      <ExportMenu app={app} entity={entity} state={state} />
      {entity.soft_delete && at === undefined && entity.actions.includes("delete") && (
        <Button size="xs" variant={state.trash ? "filled" : "default"} aria-pressed={state.trash ?? false} onClick={() => onChange({ trash: state.trash ? undefined : true })}>
          {t("records.trash")}
        </Button>
      )}
      <MoreMenu app={app} entity={entity} state={state} />
      {live.entered > 0 && (
        <Button size="compact-xs" radius="xl" onClick={live.show}>
          {t("records.entered", { count: live.entered })}
        </Button>
      )}
    </Group>
  );
}
