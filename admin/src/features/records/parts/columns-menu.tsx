import { Button, Checkbox, Popover, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { defaultColumns } from "./columns";

interface Props {
  entity: Entity;
  shown: string[] | undefined;
  onChange: (columns: string[] | undefined) => void;
}

/** Which fields are columns. They stand in the order in which they were switched on. */
export function ColumnsMenu({ entity, shown, onChange }: Props) {
  const { t } = useTranslation();
  const current = shown ?? defaultColumns(entity);
  const toggle = (name: string, on: boolean) => onChange(on ? [...current, name] : current.filter((each) => each !== name));
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<Icon name="columns" size={14} />}>
          {t("records.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah={420} style={{ overflow: "auto" }}>
        <Stack gap={6}>
          {entity.fields
            .filter((field) => field.read)
            .map((field) => (
              <Checkbox
                key={field.name}
                size="xs"
                label={field.name}
                checked={current.includes(field.name)}
                disabled={current.length === 1 && current.includes(field.name)}
                onChange={(event) => toggle(field.name, event.currentTarget.checked)}
              />
            ))}
          <Button size="compact-xs" variant="subtle" onClick={() => onChange(undefined)}>
            {t("records.columnsReset")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
