import { Anchor, Button, Group } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { PLATFORM } from "../../api/session";
import { timestampCell } from "../../fields/moments";
import { Icon } from "../../ui/icons";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { AppDialog } from "./parts/app-dialog";
import { RemoveDialog } from "./parts/remove-dialog";
import type { App } from "./queries";

/** The apps of this platform. */
export function PlatformPage() {
  const { t } = useTranslation();
  const [edited, edit] = useState<App | "new">();
  const [removed, remove] = useState<string>();
  return (
    <Page
      title={t("platform.title")}
      help={t("platform.help")}
      actions={
        <Button size="xs" onClick={() => edit("new")} leftSection={<Icon name="plus" size={14} />}>
          {t("platform.new")}
        </Button>
      }
    >
      <Listing<App>
        app={PLATFORM}
        path="/apps"
        label={t("platform.apps")}
        empty={t("platform.none")}
        paged={false}
        rowKey={(row) => row.name}
        columns={[
          {
            label: "platform.app",
            cell: (row) => (
              <Anchor component={Link} to={`/${row.name}`}>
                {row.display_name}
              </Anchor>
            ),
          },
          { label: "platform.name", cell: (row) => row.name },
          { label: "platform.created", cell: (row) => timestampCell(row.created_at) },
          {
            label: "deadLetters.act",
            cell: (row) => (
              <Group gap={4} wrap="nowrap">
                <Button size="compact-xs" variant="subtle" onClick={() => edit(row)}>
                  {t("action.edit")}
                </Button>
                <Button size="compact-xs" variant="subtle" color="red" onClick={() => remove(row.name)}>
                  {t("action.delete")}
                </Button>
              </Group>
            ),
          },
        ]}
      />
      {edited && <AppDialog app={edited === "new" ? undefined : edited} onClose={() => edit(undefined)} />}
      {removed && <RemoveDialog name={removed} onClose={() => remove(undefined)} />}
    </Page>
  );
}
