import { Button, Popover } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Condition } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { later } from "../../../ui/later";

const FilterForm = later(() => import("./filter-form"), "FilterForm");

interface Props {
  app: string;
  entity: Entity;
  where: Condition[];
  onChange: (where: Condition[]) => void;
}

/** The conditions of a list: all must hold. */
export function FilterBar({ app, entity, where, onChange }: Props) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const apply = (conditions: Condition[]) => {
    onChange(conditions);
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" shadow="md">
      <Popover.Target>
        <Button
          size="xs"
          variant={where.length > 0 ? "light" : "default"}
          onClick={() => setOpened(!opened)}
          leftSection={<Icon name="filter" size={14} />}
        >
          {where.length > 0 ? t("filter.active", { count: where.length }) : t("filter.open")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="calc(100vw - 16px)">
        <FilterForm {...{ app, entity, where }} onApply={apply} />
      </Popover.Dropdown>
    </Popover>
  );
}
