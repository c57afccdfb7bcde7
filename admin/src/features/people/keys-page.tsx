import { Button, Modal, Select, Stack, Table, TagsInput, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { useRoles } from "../../api/roles";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { ShownOnce } from "../../ui/shown-once";

interface Scope {
  entity: string;
  actions: string[];
}

interface ApiKey {
  id: string;
  name: string;
  key?: string;
  scopes: Scope[] | null;
  roles: string[];
  expires_at: string | null;
  last_used_at: string | null;
}

const ACTIONS = ["read", "create", "update", "delete", "comment"];

/** Keys for programs. Each is shown once, when it is made. */
export function ApiKeysPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/people/api-keys" });
  const [adding, setAdding] = useState(false);
  return (
    <Page
      title={t("nav.apiKeys")}
      help={t("keys.help")}
      actions={
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
          {t("keys.new")}
        </Button>
      }
    >
      <Listing<ApiKey>
        app={app}
        path="/_admin/api-keys"
        label={t("nav.apiKeys")}
        empty={t("keys.none")}
        paged={false}
        rowKey={(row) => row.id}
        columns={[
          { label: "keys.name", cell: (row) => row.name },
          { label: "keys.scopes", cell: (row) => (row.scopes ?? []).map((scope) => `${scope.entity}: ${scope.actions.join(", ")}`).join("; ") || "–" },
          { label: "users.roles", cell: (row) => row.roles.join(", ") },
          { label: "keys.expires", cell: (row) => (row.expires_at ? timestampCell(row.expires_at) : "–") },
          { label: "keys.used", cell: (row) => (row.last_used_at ? timestampCell(row.last_used_at) : "–") },
          {
            label: "deadLetters.act",
            cell: (row) => <Act app={app} method="DELETE" path={`/_admin/api-keys/${row.id}`} label={t("action.delete")} done={t("keys.deleted")} color="red" />,
          },
        ]}
      />
      {adding && <NewKey app={app} onClose={() => setAdding(false)} />}
    </Page>
  );
}

function NewKey({ app, onClose }: { app: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const known = useRoles(app);
  const entities = useAppSchema(app).entities.map((entity) => entity.name);
  const [form, setForm] = useState({ name: "", roles: [] as string[], expires: "", scopes: [] as Scope[] });
  const create = useMutation({
    mutationFn: () => {
      const { name, roles, expires, scopes } = form;
      const body = { name, roles, scopes: scopes.filter((scope) => scope.entity && scope.actions.length > 0) };
      const until = expires ? { expires_at: new Date(expires).toISOString() } : {};
      return request<ApiKey>(app, "POST", "/_admin/api-keys", { body: { ...body, ...until } }).then((reply) => reply.data);
    },
    onSuccess: () => client.invalidateQueries({ queryKey: [app] }),
    meta: { shown: true },
  });
  const setScope = (at: number, part: Partial<Scope>) =>
    setForm({ ...form, scopes: form.scopes.map((scope, index) => (index === at ? { ...scope, ...part } : scope)) });
  if (create.data) return <ShownOnce title={t("keys.created")} warning={t("keys.once")} text={create.data.key ?? ""} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={t("keys.new")} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack>
          {create.error && <Failed error={create.error} />}
          <TextInput label={t("keys.name")} required value={form.name} onChange={(event) => setForm({ ...form, name: event.currentTarget.value })} />
          <TagsInput data={known} label={t("users.roles")} description={t("keys.rolesHelp")} value={form.roles} onChange={(roles) => setForm({ ...form, roles })} />
          <Text size="sm" fw={500}>
            {t("keys.scopes")}
          </Text>
          <Table withRowBorders={false}>
            <Table.Tbody>
              {form.scopes.map((scope, at) => (
                <Table.Tr key={at}>
                  <Table.Td>
                    <Select aria-label={t("deliveries.entity")} data={[...entities, "*"]} value={scope.entity} onChange={(entity) => setScope(at, { entity: entity ?? "" })} />
                  </Table.Td>
                  <Table.Td>
                    <TagsInput aria-label={t("keys.actions")} data={ACTIONS} value={scope.actions} onChange={(actions) => setScope(at, { actions })} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <Button variant="default" size="xs" onClick={() => setForm({ ...form, scopes: [...form.scopes, { entity: "", actions: ["read"] }] })}>
            {t("keys.addScope")}
          </Button>
          <TextInput type="datetime-local" label={t("keys.expires")} value={form.expires} onChange={(event) => setForm({ ...form, expires: event.currentTarget.value })} />
          <Button type="submit" loading={create.isPending}>
            {t("action.create")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
