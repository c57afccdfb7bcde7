import { Badge, Button, Checkbox, Group, Loader, Modal, PasswordInput, Stack, Table, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { request } from "../../api/client";
import { useRoles } from "../../api/roles";
import { isApiError } from "../../api/errors";
import { beginViewAs } from "../../api/view-as";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { UserActs } from "./parts/user-acts";

interface User {
  id: string;
  email: string;
  roles: string[];
  active: boolean;
}

const BLANK = { id: "", email: "", roles: [] as string[], active: true, password: "" };

/** The users of an app: their roles, and whether they may log in. */
export function UsersPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/people/users" });
  const users = useQuery({
    queryKey: [app, "users"],
    queryFn: ({ signal }) => request<User[]>(app, "GET", "/_admin/users", { signal }).then((reply) => reply.data),
  });
  const [edited, setEdited] = useState<typeof BLANK>();
  const look = useLookAs(app);
  return (
    <Page
      title={t("nav.users")}
      help={t("users.help")}
      actions={
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setEdited(BLANK)}>
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
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("login.email")}</Table.Th>
                <Table.Th>{t("users.roles")}</Table.Th>
                <Table.Th>{t("users.active")}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {users.data.map((user) => (
                <Table.Tr key={user.id}>
                  <Table.Td>{user.email}</Table.Td>
                  <Table.Td>
                    <Group gap={4}>
                      {user.roles.map((role) => (
                        <Badge key={role} variant="default" tt="none">
                          {role}
                        </Badge>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td>{user.active ? t("value.yes") : t("value.no")}</Table.Td>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <Button size="compact-xs" variant="subtle" onClick={() => setEdited({ ...user, password: "" })}>
                        {t("action.edit")}
                      </Button>
                      <Button size="compact-xs" variant="subtle" disabled={!user.active} loading={look.isPending && look.variables === user.id} onClick={() => look.mutate(user.id)}>
                        {t("viewAs.begin")}
                      </Button>
                      <UserActs app={app} id={user.id} email={user.email} />
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {edited && <UserForm app={app} initial={edited} onClose={() => setEdited(undefined)} />}
    </Page>
  );
}

interface ViewToken {
  access_token: string;
  expires_in: number;
  user: User;
}

/** Look at the app as one of its users does. Everything is read anew, as them. */
function useLookAs(app: string) {
  return useMutation({
    mutationFn: (id: string) => request<ViewToken>(app, "POST", `/_admin/users/${id}/view-token`).then((reply) => reply.data),
    onSuccess: ({ access_token: access, expires_in, user }) => {
      beginViewAs(app, { access, expiresAt: Date.now() + expires_in * 1000, email: user.email, roles: user.roles });
      location.assign(`/admin/${app}`);
    },
  });
}

function UserForm({ app, initial, onClose }: { app: string; initial: typeof BLANK; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const known = useRoles(app);
  const [form, setForm] = useState(initial);
  const isNew = initial.id === "";
  const save = useMutation({
    mutationFn: () => {
      const { id, password, ...rest } = form;
      const body = { email: rest.email, roles: rest.roles, active: rest.active, ...(password ? { password } : {}) };
      return isNew ? request(app, "POST", "/_admin/users", { body }) : request(app, "PUT", `/_admin/users/${id}`, { body });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [app, "users"] });
      showDone(t("users.saved"));
      onClose();
    },
    meta: { shown: true },
  });
  const byField = isApiError(save.error) ? save.error.byField : {};
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  return (
    <Modal opened onClose={onClose} title={isNew ? t("users.new") : initial.email} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          {save.error && Object.keys(byField).length === 0 && <Failed error={save.error} />}
          <TextInput
            label={t("login.email")}
            type="email"
            required
            value={form.email}
            error={byField["email"]}
            onChange={(event) => set({ email: event.currentTarget.value })}
          />
          <PasswordInput
            label={isNew ? t("login.password") : t("users.newPassword")}
            required={isNew}
            value={form.password}
            error={byField["password"]}
            autoComplete="new-password"
            onChange={(event) => set({ password: event.currentTarget.value })}
          />
          <TagsInput data={known} label={t("users.roles")} value={form.roles} error={byField["roles"]} onChange={(roles) => set({ roles })} />
          <Checkbox label={t("users.active")} checked={form.active} onChange={(event) => set({ active: event.currentTarget.checked })} />
          <Button type="submit" loading={save.isPending}>
            {t("action.save")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
