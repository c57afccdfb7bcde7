import { Button, Grid as Columns, Group, Menu, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { newWidget } from "../../../model/board-edit";
import { arranged, laidOut } from "../../../model/board-layout";
import { WIDGET_TYPES, type Widget, type WidgetType } from "../../../model/dashboards";
import { Icon } from "../../../ui/icons";
import { useKey, useScope } from "../parts/scope";
import { Canvas } from "./canvas";
import { WidgetPanel } from "./widget-panel";

/** The widgets of a dashboard as they will look, and the keys of the chosen one beside them. */
export function Builder() {
  const { t } = useTranslation();
  const { app } = useScope();
  const [value, set] = useKey("widgets");
  const entities = useAppSchema(app).entities.filter((entity) => entity.actions.includes("read"));
  const widgets = (Array.isArray(value) ? value : []) as Widget[];
  const [chosen, choose] = useState<string>();
  const at = widgets.findIndex((widget) => widget.id === chosen);
  const add = (type: WidgetType) => {
    // What lay where others lie now has a place of its own.
    const settled = laidOut(widgets, arranged(widgets));
    const widget = newWidget(type, t(`board.type.${type}`), entities[0], settled);
    set([...settled, widget]);
    choose(widget.id);
  };
  return (
    <Columns gap="md">
      <Columns.Col span={{ base: 12, lg: at < 0 ? 12 : 8 }}>
        <Group mb="xs" gap="sm">
          <Menu shadow="md" position="bottom-start">
            <Menu.Target>
              <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />}>
                {t("board.add")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {WIDGET_TYPES.map((type) => (
                <Menu.Item key={type} onClick={() => add(type)}>
                  {t(`board.type.${type}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Text size="xs" c="dimmed">
            {t(widgets.length === 0 ? "board.addFirst" : "board.keys")}
          </Text>
        </Group>
        <Canvas app={app} widgets={widgets} chosen={chosen} onChoose={choose} onChange={set} />
      </Columns.Col>
      {at >= 0 && (
        <Columns.Col span={{ base: 12, lg: 4 }}>
          <WidgetPanel key={at} at={at} widgets={widgets} onChange={set} onChoose={choose} />
        </Columns.Col>
      )}
    </Columns>
  );
}
