import { ActionIcon, Button, Fieldset, Group, Select, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { newFigure, withFigures } from "../../../model/board-edit";
import { TYPES_OF, ownFields } from "../../../model/board-fields";
import { figuresOf } from "../../../model/board-figures";
import { FUNCTIONS, type FigureFunction, type Query } from "../../../model/dashboards";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { useProblemWithin, useScope } from "../parts/scope";

/** The figures of a widget: the number of records, and functions of their fields. */
export function FiguresKey({ entity }: { entity: Entity | undefined }) {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const query = document as Query;
  const figures = figuresOf(query);
  const functions = (["count", ...FUNCTIONS] as FigureFunction[]).filter((name) => name === "count" || ownFields(entity, TYPES_OF[name]).length > 0);
  const edit = (at: number, name: FigureFunction, field: string | undefined) => onChange({ ...withFigures(query, figures.map((figure, index) => (index === at ? newFigure(name, field) : figure))) });
  const next = functions.map((name) => newFigure(name, name === "count" ? undefined : ownFields(entity, TYPES_OF[name])[0])).find((each) => !figures.some((figure) => figure.function === each.function && figure.field === each.field));
  return (
    <Fieldset legend={t("board.figures")} p="xs">
      <Stack gap={6}>
        {figures.map((figure, at) => (
          <Group key={at} gap={6} wrap="nowrap">
            <Select
              size="xs"
              flex={1}
              aria-label={t("board.function")}
              allowDeselect={false}
              data={functions.map((name) => ({ value: name, label: t(`board.function.${name}`) }))}
              value={figure.function!}
              onChange={(name) => name && edit(at, name as FigureFunction, name === "count" ? undefined : ownFields(entity, TYPES_OF[name])[0])}
            />
            {figure.function !== "count" && <Select size="xs" flex={1} searchable aria-label={t("filter.field")} allowDeselect={false} data={known(ownFields(entity, TYPES_OF[figure.function!]), figure.field)} value={figure.field ?? ""} onChange={(field) => field && edit(at, figure.function!, field)} />}
            {figures.length > 1 && (
              <ActionIcon variant="subtle" color="gray" aria-label={t("board.removeFigure")} onClick={() => onChange({ ...withFigures(query, figures.filter((_, index) => index !== at)) })}>
                <Icon name="close" size={14} />
              </ActionIcon>
            )}
          </Group>
        ))}
        <Wrong />
        {next && (
          <Button size="compact-xs" variant="subtle" w="fit-content" onClick={() => onChange({ ...withFigures(query, [...figures, next]) })}>
            {t("board.addFigure")}
          </Button>
        )}
      </Stack>
    </Fieldset>
  );
}

const known = (names: string[], field: string | undefined) => (field && !names.includes(field) ? [field, ...names] : names);

function Wrong() {
  const all = [useProblemWithin("sum"), useProblemWithin("avg"), useProblemWithin("min"), useProblemWithin("max"), useProblemWithin("count_distinct")];
  const message = all.find((each) => each !== undefined);
  return message ? (
    <Text size="xs" c="var(--mantine-color-error)" role="alert">
      {message}
    </Text>
  ) : null;
}
