import { ActionIcon, Button, Checkbox, Group, Popover, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { type ListState, moved } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { defaultColumns } from "./columns";

interface Props {
  entity: Entity;
  shown: string[] | undefined;
  onChange: (part: Partial<ListState>) => void;
}

/** Which fields are columns, and in which order: the shown ones first, as they stand in the list. */
export function ColumnsMenu({ entity, shown, onChange }: Props) {
  const { t } = useTranslation();
  const readable = entity.fields.filter((field) => field.read).map((field) => field.name);
  const current = (shown ?? defaultColumns(entity)).filter((name) => readable.includes(name));
  const others = readable.filter((name) => !current.includes(name));
  const put = (columns: string[]) => onChange({ columns });
  const move = (name: string, by: number) => put(moved(current, name, current[current.indexOf(name) + by] ?? name));
  const arrow = (name: string, way: "up" | "down") => (
    <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t(`columns.${way}`, { field: name })} disabled={name === (way === "up" ? current[0] : current.at(-1))} onClick={() => move(name, way === "up" ? -1 : 1)}>
      <Icon name={way} size={14} />
    </ActionIcon>
  );
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<Icon name="columns" size={14} />}>
          {t("records.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah={420} style={{ overflow: "auto" }}>
        <Stack gap={6}>
          {current.map((name) => (
            <Group key={name} justify="space-between" wrap="nowrap">
              <Checkbox size="xs" label={name} checked disabled={current.length === 1} onChange={() => put(current.filter((each) => each !== name))} />
              <Group gap={0} wrap="nowrap">
                {arrow(name, "up")}
                {arrow(name, "down")}
              </Group>
            </Group>
          ))}
          {others.map((name) => (
            <Checkbox key={name} size="xs" label={name} checked={false} onChange={() => put([...current, name])} />
          ))}
          <Button size="compact-xs" variant="subtle" onClick={() => onChange({ columns: undefined, widths: undefined })}>
            {t("records.columnsReset")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
