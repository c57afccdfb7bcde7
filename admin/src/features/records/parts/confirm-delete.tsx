import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";

interface Props {
  opened: boolean;
  count: number;
  busy: boolean;
  /** Whether the entity keeps what is deleted. */
  isSoft: boolean;
  onCancel: () => void;
  onConfirm: () => void;
}

/** Asks before records are deleted, and says how many. */
export function ConfirmDelete({ opened, count, busy, isSoft, onCancel, onConfirm }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onCancel} title={t("records.deleteTitle", { count })} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <Text size="sm">{t(isSoft ? "records.deleteSoft" : "records.deleteHard")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {t("action.cancel")}
          </Button>
          <Button color="red" loading={busy} onClick={onConfirm}>
            {t("action.delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
