import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { useMe } from "../../../api/app-schema";
import { useViewAs } from "../../../api/view-as";
import { showDone } from "../../../ui/errors";
import { Icon } from "../../../ui/icons";

type Kind = "totp" | "delete";

/** What is rarely done to a user, and asks first: letting in without the second factor, and the end. */
export function UserActs({ app, id, email }: { app: string; id: string; email: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useMe(app);
  const isOnlyLooking = useViewAs(app) !== undefined;
  const [asked, ask] = useState<Kind>();
  const act = useMutation({
    mutationFn: (kind: Kind) => request(app, "DELETE", `/_admin/users/${id}${kind === "totp" ? "/totp" : ""}`),
    onSuccess: async (_reply, kind) => {
      await client.invalidateQueries({ queryKey: [app] });
      showDone(t(`users.done.${kind}`, { email }));
    },
    onSettled: () => ask(undefined),
  });
  if (isOnlyLooking) return null;
  return (
    <>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("users.more")}>
            <Icon name="dots" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => ask("totp")}>{t("users.totp")}</Menu.Item>
          <Menu.Item color="red" disabled={me?.email === email} onClick={() => ask("delete")}>
            {t("action.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked && (
        <Modal opened onClose={() => ask(undefined)} title={t(`users.ask.${asked}`, { email })} centered>
          <Stack>
            <Text size="sm">{t(`users.askText.${asked}`)}</Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={() => ask(undefined)}>
                {t("action.cancel")}
              </Button>
              <Button color="red" loading={act.isPending} onClick={() => act.mutate(asked)}>
                {t(asked === "delete" ? "action.delete" : "users.totp")}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </>
  );
}
