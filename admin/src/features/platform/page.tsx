import { Anchor, Button, Group, Loader, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { AppDialog } from "./parts/app-dialog";
import { RemoveDialog } from "./parts/remove-dialog";
import { type App, appsQuery } from "./queries";

/** The apps of this platform. */
export function PlatformPage() {
  const { t } = useTranslation();
  const apps = useQuery(appsQuery);
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
      {apps.error ? (
        <Failed error={apps.error} retry={() => void apps.refetch()} />
      ) : !apps.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : (
        <Table.ScrollContainer minWidth={480}>
          <Table highlightOnHover aria-label={t("platform.apps")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("platform.app")}</Table.Th>
                <Table.Th>{t("platform.name")}</Table.Th>
                <Table.Th>{t("platform.created")}</Table.Th>
                <Table.Th>{t("deadLetters.act")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {apps.data.map((app) => (
                <Table.Tr key={app.name}>
                  <Table.Td>
                    <Anchor component={Link} to={`/${app.name}`}>
                      {app.display_name}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>{app.name}</Table.Td>
                  <Table.Td>{timestampCell(app.created_at)}</Table.Td>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <Button size="compact-xs" variant="subtle" onClick={() => edit(app)}>
                        {t("action.edit")}
                      </Button>
                      <Button size="compact-xs" variant="subtle" color="red" onClick={() => remove(app.name)}>
                        {t("action.delete")}
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {edited && <AppDialog app={edited === "new" ? undefined : edited} onClose={() => edit(undefined)} />}
      {removed && <RemoveDialog name={removed} onClose={() => remove(undefined)} />}
    </Page>
  );
}
