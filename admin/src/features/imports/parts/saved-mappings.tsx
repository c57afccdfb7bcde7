import { ActionIcon, Button, Group, Popover, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { showDone } from "../../../ui/errors";
import { Icon } from "../../../ui/icons";
import { mappingsQuery, useDeleteMapping, useSaveMapping } from "../saved-mappings";
import type { ImportPlan } from "../use-import-settings";

/** Mappings that were kept for such files. One that has just the columns of this file is applied by itself. */
export function SavedMappings({ app, entity, plan }: { app: string; entity: string; plan: ImportPlan }) {
  const { t } = useTranslation();
  const saved = useQuery(mappingsQuery(app, entity)).data ?? [];
  const save = useSaveMapping(app, entity);
  const remove = useDeleteMapping(app, entity);
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState("");
  const keep = async () => {
    await save.mutateAsync({ name, settings: plan.settings, replaced: saved.find((each) => each.name === name)?.id });
    showDone(t("import.mappingSaved"));
    setOpened(false);
  };
  const open = (isOpen: boolean) => {
    setOpened(isOpen);
    if (isOpen) setName(plan.applied?.name ?? "");
  };
  return (
    <Group gap="xs" align="flex-end">
      {saved.length > 0 && (
        <Select
          size="xs"
          w={240}
          label={t("import.saved")}
          placeholder={t("import.proposed")}
          clearable
          data={saved.map((each) => ({ value: each.id, label: each.name }))}
          value={plan.applied?.id ?? null}
          onChange={(id) => plan.apply(saved.find((each) => each.id === id))}
        />
      )}
      {plan.applied && (
        <ActionIcon variant="default" size="md" aria-label={t("import.deleteMapping", { name: plan.applied.name })} onClick={() => remove.mutate(plan.applied!.id, { onSuccess: () => plan.apply(undefined) })}>
          <Icon name="trash" size={14} />
        </ActionIcon>
      )}
      <Popover opened={opened} onChange={open} trapFocus position="bottom-start" shadow="md">
        <Popover.Target>
          <Button size="xs" variant="default" onClick={() => open(!opened)}>
            {t("import.saveMapping")}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void keep();
            }}
          >
            <Group align="flex-end" gap="xs">
              <TextInput size="xs" label={t("views.name")} required value={name} onChange={(event) => setName(event.currentTarget.value)} />
              <Button size="xs" type="submit" loading={save.isPending}>
                {t("action.save")}
              </Button>
            </Group>
          </form>
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}
