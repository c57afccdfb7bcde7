import { Button, FocusTrap, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { type Condition, isBare } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { ConditionRow } from "./condition-row";

interface Props {
  app: string;
  entity: Entity;
  where: Condition[];
  onApply: (where: Condition[]) => void;
}

/** Edits the conditions of a list. They are applied together, so that half of one is never asked. */
export function FilterForm({ app, entity, where, onApply }: Props) {
  const { t } = useTranslation();
  const blank = (): Condition => ({ field: entity.fields.find((field) => field.filter)?.name ?? "", op: "eq", value: "" });
  const [draft, setDraft] = useState<Condition[]>(where.length > 0 ? where : [blank()]);
  const edit = (at: number, part: Partial<Condition>) =>
    setDraft(draft.map((condition, index) => (index === at ? { ...condition, ...part } : condition)));
  const apply = (event: React.FormEvent) => {
    event.preventDefault();
    onApply(draft.filter((condition) => condition.field && (isBare(condition.op) || condition.value !== "")));
  };
  return (
    <FocusTrap>
      <form onSubmit={apply}>
        <Stack gap="xs">
          {draft.length > 1 && (
            <Text size="xs" c="dimmed">
              {t("filter.all")}
            </Text>
          )}
          {draft.map((condition, at) => (
            <ConditionRow
              key={at}
              app={app}
              entity={entity}
              condition={condition}
              onEdit={(part) => edit(at, part)}
              onRemove={() => setDraft(draft.filter((_, index) => index !== at))}
            />
          ))}
          <Group justify="space-between">
            <Button size="compact-xs" variant="subtle" onClick={() => setDraft([...draft, blank()])}>
              {t("filter.add")}
            </Button>
            <Group gap="xs">
              <Button size="xs" variant="default" onClick={() => onApply([])}>
                {t("filter.clear")}
              </Button>
              <Button size="xs" type="submit">
                {t("filter.apply")}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </FocusTrap>
  );
}
