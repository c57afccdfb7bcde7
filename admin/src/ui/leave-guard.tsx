import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "../words/translator";

/** Asks before a screen is left whose edits are not saved: for another screen, by Back, or by closing the window. */
export function LeaveGuard({ when, what }: { when: boolean; what: string }) {
  const { t } = useTranslation();
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => when && current.pathname !== next.pathname,
    enableBeforeUnload: when,
    withResolver: true,
  });
  return (
    <Modal opened={blocker.status === "blocked"} onClose={() => blocker.reset?.()} title={t("leave.title")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <Text size="sm">{what}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => blocker.reset?.()}>
            {t("leave.stay")}
          </Button>
          <Button color="red" onClick={() => blocker.proceed?.()}>
            {t("leave.go")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
