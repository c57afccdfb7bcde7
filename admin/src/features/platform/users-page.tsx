import { Button, Group, Loader, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { PLATFORM } from "../../api/session";
import { Act } from "../../ui/act";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { UserDialog } from "./parts/user-dialog";
import { type User, usersQuery } from "./queries";

/** The users of the platform: they manage apps, and enter each as its admin. */
export function PlatformUsersPage() {
  const { t } = useTranslation();
  const users = useQuery(usersQuery);
  const [edited, edit] = useState<User | "new">();
  return (
    <Page
      title={t("platform.users")}
      help={t("platform.usersHelp")}
      actions={
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => edit("new")}>
          {t("users.new")}
        </Button>
      }
    >
      {users.error ? (
        <Failed error={users.error} retry={() => void users.refetch()} />
      ) : !users.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : (
        <Table.ScrollContainer minWidth={480}>
          <Table highlightOnHover aria-label={t("platform.users")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("login.email")}</Table.Th>
                <Table.Th>{t("users.active")}</Table.Th>
                <Table.Th>{t("deadLetters.act")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {users.data.map((user) => (
                <Table.Tr key={user.id}>
                  <Table.Td>{user.email}</Table.Td>
                  <Table.Td>{t(user.active ? "value.yes" : "value.no")}</Table.Td>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <Button size="compact-sm" variant="default" onClick={() => edit(user)}>
                        {t("action.edit")}
                      </Button>
                      <Act app={PLATFORM} method="DELETE" path={`/users/${user.id}/totp`} label={t("platform.totp")} done={t("platform.totpDone")} />
                      <Act app={PLATFORM} method="DELETE" path={`/users/${user.id}`} label={t("action.delete")} done={t("platform.userDeleted")} color="red" />
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {edited && <UserDialog user={edited === "new" ? undefined : edited} onClose={() => edit(undefined)} />}
    </Page>
  );
}
