import { Anchor, Button, Container, Group, Loader, Modal, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { UserMenu } from "../../app/menus";
import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { PLATFORM } from "../../api/session";
import { timestampCell } from "../../fields/moments";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";

interface App {
  name: string;
  display_name: string;
  status: string;
  created_at: string;
}

/** The apps of this platform. */
export function PlatformPage() {
  const { t } = useTranslation();
  const apps = useQuery({
    queryKey: [PLATFORM, "applist"],
    queryFn: ({ signal }) => request<App[]>(PLATFORM, "GET", "/apps", { signal }).then((reply) => reply.data),
  });
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string>();
  return (
    <Container size="lg" component="main">
      <Page
        title={t("platform.title")}
        actions={
          <>
            <Button size="xs" onClick={() => setAdding(true)} leftSection={<Icon name="plus" size={14} />}>
              {t("platform.new")}
            </Button>
            <UserMenu realm={PLATFORM} />
          </>
        }
      >
        {apps.error ? (
          <Failed error={apps.error} retry={() => void apps.refetch()} />
        ) : !apps.data ? (
          <Loader aria-label={t("shell.loading")} />
        ) : (
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("platform.app")}</Table.Th>
                <Table.Th>{t("platform.created")}</Table.Th>
                <Table.Th />
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
                  <Table.Td>{timestampCell(app.created_at)}</Table.Td>
                  <Table.Td>
                    <Button size="compact-xs" variant="subtle" color="red" onClick={() => setRemoving(app.name)}>
                      {t("action.delete")}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Page>
      {adding && <NewApp onClose={() => setAdding(false)} />}
      {removing && <RemoveApp name={removing} onClose={() => setRemoving(undefined)} />}
    </Container>
  );
}

function NewApp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => request(PLATFORM, "POST", "/apps", { body: { name } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [PLATFORM] });
      onClose();
    },
    meta: { shown: true },
  });
  const refused = isApiError(create.error) ? (create.error.byField["name"] ?? create.error.message) : create.error?.message;
  return (
    <Modal opened onClose={onClose} title={t("platform.new")} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack>
          <TextInput
            label={t("platform.name")}
            description={t("platform.nameHelp")}
            required
            value={name}
            error={refused}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" loading={create.isPending}>
            {t("action.create")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

/** Deleting an app takes all of its data: its name must be typed. */
function RemoveApp({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => request(PLATFORM, "DELETE", `/apps/${name}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [PLATFORM] });
      showDone(t("platform.deleted", { name }));
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("platform.deleteTitle", { name })} centered>
      <Stack>
        <Text size="sm">{t("platform.deleteText")}</Text>
        <TextInput label={t("platform.typeName", { name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button color="red" disabled={typed !== name} loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("action.delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
