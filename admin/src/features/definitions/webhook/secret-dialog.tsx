import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";

interface Props {
  secret: string;
  /** Until when the one before is still good. */
  previousUntil?: string;
  onClose: () => void;
}

/** The secret that a receiver checks signatures with. It can't be shown again, so the window closes by its button only. */
export function SecretDialog({ secret, previousUntil, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={t("endpoint.secret")} closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false} size="lg">
      <Stack>
        <Alert color="orange">{t("endpoint.secretOnce")}</Alert>
        <Code block>{secret}</Code>
        {previousUntil && <Text size="sm">{t("endpoint.secretBefore", { until: timestampCell(previousUntil) })}</Text>}
        <Group justify="flex-end">
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t("action.copied") : t("action.copy")}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>{t("keys.saved")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
