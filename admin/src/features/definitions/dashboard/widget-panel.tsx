import { ActionIcon, Fieldset, Group, Select, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { firstQuery, kindsFor, ofKind } from "../../../model/board-edit";
import { freePlace, placeOf } from "../../../model/board-layout";
import { type Query, type QueryKind, WIDGET_TYPES, type Widget, type WidgetType, kindOf } from "../../../model/dashboards";
import { Icon } from "../../../ui/icons";
import { TextKey } from "../parts/keys";
import { DocumentScope, Nested, useKey, useProblem, useScope } from "../parts/scope";
import { QueryKeys } from "./query-keys";

interface Props {
  at: number;
  widgets: Widget[];
  onChange: (widgets: Widget[]) => void;
  onChoose: (id: string | undefined) => void;
}

/** The keys of one widget. */
export function WidgetPanel({ at, widgets, onChange, onChoose }: Props) {
  const { t } = useTranslation();
  const { app } = useScope();
  const widget = widgets[at]!;
  const change = (next: Widget) => {
    onChange(widgets.map((each, index) => (index === at ? next : each)));
    if (next.id !== widget.id) onChoose(next.id);
  };
  const copy = () => {
    const id = copyId(widget.id, widgets);
    onChange([...widgets, { ...widget, id, layout: freePlace(widgets.map(placeOf), placeOf(widget)) }]);
    onChoose(id);
  };
  return (
    <Fieldset legend={widget.title || widget.id} p="sm">
      <DocumentScope app={app} document={widget as never} path={`widgets.${at}.`} onChange={(next) => change(next as unknown as Widget)}>
        <Stack gap="xs">
          <Group justify="flex-end" gap={0}>
            <ActionIcon variant="subtle" color="gray" onClick={copy} aria-label={t("board.copy")}>
              <Icon name="copy" size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="red" onClick={() => onChange(widgets.filter((_, index) => index !== at))} aria-label={t("board.remove")}>
              <Icon name="trash" size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="gray" onClick={() => onChoose(undefined)} aria-label={t("action.close")}>
              <Icon name="close" size={16} />
            </ActionIcon>
          </Group>
          <TextKey name="title" label="board.title" required />
          <TypeKey />
          <KindKey />
          <Nested name="query">
            <QueryKeys type={widget.type} />
          </Nested>
          <TextKey name="id" label="board.id" required />
        </Stack>
      </DocumentScope>
    </Fieldset>
  );
}

function copyId(id: string, widgets: readonly Widget[]): string {
  for (let number = 2; ; number += 1) if (!widgets.some((each) => each.id === `${id}_${number}`)) return `${id}_${number}`;
}

/** The type. Where it can't show what was asked for, something that it can show is asked instead. */
function TypeKey() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const query = document["query"] as Query;
  const entity = useAppSchema(app).entities.find((each) => each.name === query.entity);
  const pick = (type: WidgetType) => {
    const fits = kindsFor(type).includes(kindOf(query)) && (query.kpi !== undefined || !["bar", "line", "pie"].includes(type) || (query.group_by ?? []).length > 0);
    onChange({ ...document, type, query: fits ? query : firstQuery(type, entity) });
  };
  return <Select size="xs" label={t("board.shownAs")} error={useProblem("type")} allowDeselect={false} data={WIDGET_TYPES.map((type) => ({ value: type, label: t(`board.type.${type}`) }))} value={String(document["type"])} onChange={(type) => type && pick(type as WidgetType)} />;
}

function KindKey() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const [query, set] = useKey("query");
  const schema = useAppSchema(app);
  const type = document["type"] as WidgetType;
  const kinds = kindsFor(type);
  const entity = schema.entities.find((each) => each.name === (query as Query).entity) ?? schema.entities[0];
  if (kinds.length < 2) return null;
  return <Select size="xs" label={t("board.about")} allowDeselect={false} data={kinds.map((kind) => ({ value: kind, label: t(`board.kind.${kind}`) }))} value={kindOf(query as Query)} onChange={(kind) => kind && set(ofKind(kind as QueryKind, type, entity))} />;
}
