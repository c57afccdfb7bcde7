import { Modal, SimpleGrid, Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { STEP_TYPES } from "../../../model/workflow";
import { Icon, type IconName } from "../../../ui/icons";

export const STEP_ICONS: Record<string, IconName> = {
  action: "bolt", condition: "rule", set: "edit", approval: "check", wait: "clock", parallel: "columns", sub_workflow: "flow", loop: "redo",
};

/** Which step? */
export function StepPicker({ opened, onPick, onClose }: { opened: boolean; onPick: (type: string) => void; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("flow.which")} centered returnFocus={false} closeButtonProps={{ "aria-label": t("action.close") }}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
        {STEP_TYPES.map((type, at) => (
          <UnstyledButton key={type} className="rk-choice" onClick={() => onPick(type)} data-autofocus={at === 0 || undefined}>
            <Text size="sm" fw={600} component="span" display="block">
              <Icon name={STEP_ICONS[type]!} size={14} /> {t(`flow.step.${type}`)}
            </Text>
            <Text size="xs" c="dimmed" component="span" display="block">
              {t(`flow.stepHelp.${type}`)}
            </Text>
          </UnstyledButton>
        ))}
      </SimpleGrid>
    </Modal>
  );
}
