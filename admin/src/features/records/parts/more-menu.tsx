import { ActionIcon, Menu } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAt } from "../../../api/moment";
import type { ListState } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { later } from "../../../ui/later";

const SinceDialog = later(() => import("./since-dialog"), "SinceDialog");
const WhyMissingDialog = later(() => import("./why-missing-dialog"), "WhyMissingDialog");

/** Questions about the list: what is not in it, and what it was. */
export function MoreMenu({ app, entity, state }: { app: string; entity: Entity; state: ListState }) {
  const { t } = useTranslation();
  const at = useAt();
  const [opened, setOpened] = useState<"why" | "since">();
  const close = () => setOpened(undefined);
  return (
    <>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t("records.more")}>
            <Icon name="dots" size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="help" size={14} />} onClick={() => setOpened("why")}>
            {t("why.title")}
          </Menu.Item>
          {at === undefined && !state.trash && (
            <Menu.Item leftSection={<Icon name="clock" size={14} />} onClick={() => setOpened("since")}>
              {t("since.title")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {opened === "why" && <WhyMissingDialog {...{ app, entity, state }} onClose={close} />}
      {opened === "since" && <SinceDialog {...{ app, entity, state }} onClose={close} />}
    </>
  );
}
