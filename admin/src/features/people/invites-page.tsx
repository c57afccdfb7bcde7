import { Button, Code, CopyButton, Group, Modal, Stack, TagsInput, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { request } from "../../api/client";
import { useRoles } from "../../api/roles";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";

interface Invite {
  id: string;
  email: string;
  roles: string[];
  expires_at: string;
  accepted_at: string | null;
}

interface Made {
  created: { id: string; email: string; token: string }[];
  skipped: { email: string; reason: string }[];
}

/** People who were asked in and have not chosen a password yet. */
export function InvitesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/people/invites" });
  const [adding, setAdding] = useState(false);
  return (
    <Page
      title={t("nav.invites")}
      help={t("invites.help")}
      actions={
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
          {t("invites.new")}
        </Button>
      }
    >
      <Listing<Invite>
        app={app}
        path="/_admin/invites"
        label={t("nav.invites")}
        empty={t("invites.none")}
        paged={false}
        rowKey={(row) => row.id}
        columns={[
          { label: "login.email", cell: (row) => row.email },
          { label: "users.roles", cell: (row) => row.roles.join(", ") },
          { label: "invites.state", cell: (row) => (row.accepted_at ? t("invites.accepted") : t("invites.until", { when: timestampCell(row.expires_at) })) },
          {
            label: "deadLetters.act",
            cell: (row) =>
              row.accepted_at ? "" : <Act app={app} method="DELETE" path={`/_admin/invites/${row.id}`} label={t("invites.revoke")} done={t("invites.revoked")} color="red" />,
          },
        ]}
      />
      {adding && <NewInvites app={app} onClose={() => setAdding(false)} />}
    </Page>
  );
}

function NewInvites({ app, onClose }: { app: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const known = useRoles(app);
  const [emails, setEmails] = useState("");
  const [roles, setRoles] = useState<string[]>([]);
  const invite = useMutation({
    mutationFn: () => {
      const addresses = emails.split(/[\s,;]+/).filter(Boolean);
      return request<Made>(app, "POST", "/_admin/invites/bulk", { body: { emails: addresses, roles } }).then((reply) => reply.data);
    },
    onSuccess: () => client.invalidateQueries({ queryKey: [app] }),
    meta: { shown: true },
  });
  return (
    <Modal opened onClose={onClose} title={t("invites.new")} size="lg">
      {invite.data ? (
        <Links app={app} made={invite.data} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            invite.mutate();
          }}
        >
          <Stack>
            {invite.error && <Failed error={invite.error} />}
            <Textarea label={t("invites.emails")} description={t("invites.emailsHelp")} required minRows={3} autosize value={emails} onChange={(event) => setEmails(event.currentTarget.value)} />
            <TagsInput data={known} label={t("users.roles")} value={roles} onChange={setRoles} />
            <Button type="submit" loading={invite.isPending}>
              {t("invites.send")}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** The links of new invites: they are shown once. */
function Links({ app, made }: { app: string; made: Made }) {
  const { t } = useTranslation();
  const link = (token: string) => `${location.origin}/admin/accept-invite?app=${encodeURIComponent(app)}&token=${encodeURIComponent(token)}`;
  return (
    <Stack>
      <Text size="sm">{t("invites.once")}</Text>
      {made.created.map((invite) => (
        <Stack key={invite.id} gap={4}>
          <Text fw={600}>{invite.email}</Text>
          <Group wrap="nowrap" gap="xs">
            <Code style={{ overflow: "auto", flex: 1 }}>{link(invite.token)}</Code>
            <CopyButton value={link(invite.token)}>
              {({ copied, copy }) => (
                <Button size="compact-sm" variant="default" onClick={copy}>
                  {copied ? t("action.copied") : t("action.copy")}
                </Button>
              )}
            </CopyButton>
          </Group>
        </Stack>
      ))}
      {made.skipped.map((skipped) => (
        <Text key={skipped.email} size="sm" c="dimmed">
          {skipped.email}: {skipped.reason}
        </Text>
      ))}
    </Stack>
  );
}
