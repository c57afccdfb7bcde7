import { Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { ListState } from "../../../model/filter";
import { differs, NO_VIEW, openedBy, savedPart, type SavedView } from "../../../model/views";
import { showDone } from "../../../ui/errors";
import { Icon } from "../../../ui/icons";
import { later } from "../../../ui/later";
import { useChangeView, useMakeDefault, viewsQuery } from "../views";

const ViewDialog = later(() => import("./view-dialog"), "ViewDialog");

interface Props {
  app: string;
  entity: string;
  state: ListState;
  onOpen: (state: ListState) => void;
}

/** The saved views of the list: one's own, those of one's roles, everybody's; and what can be done with the one that is open. */
export function ViewsMenu({ app, entity, state, onOpen }: Props) {
  const { t } = useTranslation();
  const views = useQuery(viewsQuery(app, entity)).data ?? [];
  const [dialog, setDialog] = useState<"new" | "edit">();
  const current = views.find((view) => view.id === state.view);
  const isChanged = current !== undefined && differs(current, state);
  const groups = [
    { word: "views.mine", found: views.filter((view) => view.scope === "me") },
    { word: "views.ofRoles", found: views.filter((view) => view.scope.startsWith("role:")) },
    { word: "views.all", found: views.filter((view) => view.scope === "all") },
  ].filter((group) => group.found.length > 0);
  return (
    <>
      <Menu position="bottom-start" shadow="md" width={260}>
        <Menu.Target>
          <Button size="xs" variant={current ? "light" : "default"} leftSection={<Icon name="eye" size={14} />}>
            {current ? `${current.name}${isChanged ? " *" : ""}` : t("views.title")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={480} style={{ overflow: "auto" }}>
          <Menu.Item onClick={() => onOpen({ view: NO_VIEW })}>{t("views.none")}</Menu.Item>
          {groups.map(({ word, found }) => (
            <div key={word} role="group" aria-label={t(word)}>
              <Menu.Label>{t(word)}</Menu.Label>
              {found.map((view) => (
                <Menu.Item key={view.id} onClick={() => onOpen(openedBy(view))} rightSection={<Marks view={view} isCurrent={view === current} />}>
                  {view.name}
                </Menu.Item>
              ))}
            </div>
          ))}
          <Menu.Divider />
          {current?.editable && <CurrentItems {...{ app, entity, state, views, current, isChanged }} onEdit={() => setDialog("edit")} onGone={() => onOpen({ view: NO_VIEW })} />}
          <Menu.Item onClick={() => setDialog("new")} leftSection={<Icon name="plus" size={14} />}>
            {t("views.new")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog && <ViewDialog {...{ app, entity, state }} view={dialog === "edit" ? current : undefined} onClose={() => setDialog(undefined)} onSaved={(view) => onOpen({ ...state, ...openedBy(view) })} />}
    </>
  );
}

function Marks({ view, isCurrent }: { view: SavedView; isCurrent: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      {view.state.default && (
        <span title={t("views.isDefault")}>
          <Icon name="star" size={14} />
        </span>
      )}
      {isCurrent && <Icon name="check" size={14} />}
    </>
  );
}

interface CurrentProps extends Omit<Props, "onOpen"> {
  views: SavedView[];
  current: SavedView;
  isChanged: boolean;
  onEdit: () => void;
  onGone: () => void;
}

function CurrentItems({ app, entity, state, views, current, isChanged, onEdit, onGone }: CurrentProps) {
  const { t } = useTranslation();
  const change = useChangeView(app, entity);
  const makeDefault = useMakeDefault(app, entity);
  const { default: isDefault = false } = current.state;
  const keep = () => change.mutateAsync({ act: "change", id: current.id, part: { state: { ...savedPart(state), default: isDefault } } }).then(() => showDone(t("views.saved")));
  const remove = () => change.mutateAsync({ act: "delete", id: current.id }).then(() => (showDone(t("views.deleted", { name: current.name })), onGone()));
  return (
    <>
      {isChanged && (
        <Menu.Item onClick={() => void keep()} leftSection={<Icon name="check" size={14} />}>
          {t("views.keep", { name: current.name })}
        </Menu.Item>
      )}
      <Menu.Item onClick={() => void makeDefault(current, views, !isDefault)} leftSection={<Icon name="star" size={14} />}>
        {t(isDefault ? "views.noDefault" : "views.makeDefault")}
      </Menu.Item>
      <Menu.Item onClick={onEdit} leftSection={<Icon name="edit" size={14} />}>
        {t("views.rename")}
      </Menu.Item>
      <Menu.Item color="red" onClick={() => void remove()} leftSection={<Icon name="trash" size={14} />}>
        {t("views.delete")}
      </Menu.Item>
    </>
  );
}
