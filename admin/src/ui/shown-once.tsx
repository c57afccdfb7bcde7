import { Alert, Button, Code, CopyButton, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "../words/translator";

interface Props {
  title: string;
  /** Why it has to be copied now. */
  warning: string;
  text: string;
  onClose: () => void;
  children?: ReactNode;
}

/** A secret that can't be shown again: the window closes by its button only. */
export function ShownOnce({ title, warning, text, onClose, children }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false} size="lg">
      <Stack>
        <Alert color="orange">{warning}</Alert>
        <Code block>{text}</Code>
        {children}
        <Group justify="flex-end">
          <CopyButton value={text}>
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
