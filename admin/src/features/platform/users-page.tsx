import { Button, Group } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { PLATFORM } from "../../api/session";
import { Act } from "../../ui/act";
import { Icon } from "../../ui/icons";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { UserDialog } from "./parts/user-dialog";
import type { User } from "./queries";

/** The users of the platform: they manage apps, and enter each as its admin. */
export function PlatformUsersPage() {
  const { t } = useTranslation();
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
      <Listing<User>
        app={PLATFORM}
        path="/users"
        label={t("platform.users")}
        empty=""
        paged={false}
        rowKey={(row) => row.id}
        columns={[
          { label: "login.email", cell: (row) => row.email },
          { label: "users.active", cell: (row) => t(row.active ? "value.yes" : "value.no") },
          {
            label: "deadLetters.act",
            cell: (row) => (
              <Group gap={4} wrap="nowrap">
                <Button size="compact-sm" variant="default" onClick={() => edit(row)}>
                  {t("action.edit")}
                </Button>
                <Act app={PLATFORM} method="DELETE" path={`/users/${row.id}/totp`} label={t("platform.totp")} done={t("platform.totpDone")} />
                <Act app={PLATFORM} method="DELETE" path={`/users/${row.id}`} label={t("action.delete")} done={t("platform.userDeleted")} color="red" />
              </Group>
            ),
          },
        ]}
      />
      {edited && <UserDialog user={edited === "new" ? undefined : edited} onClose={() => edit(undefined)} />}
    </Page>
  );
}
