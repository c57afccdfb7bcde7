import { Button, Fieldset, Modal, PasswordInput, SimpleGrid, Stack, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { isApiError } from "../../../api/errors";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { ShownOnce } from "../../../ui/shown-once";
import { type App, type Made, useChange } from "../queries";

/** Makes an app, with its first admin if one is named; or changes what an app is called and who may call it. */
export function AppDialog({ app, onClose }: { app: App | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const [form, setForm] = useState({ name: "", display_name: app?.display_name ?? "", server: "", cors_origins: app?.cors_origins ?? [], email: "", password: "" });
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const save = useChange<Made>();
  const byField = isApiError(save.error) ? save.error.byField : {};
  const text = (name: "name" | "display_name" | "server", more: { required?: boolean; description?: string } = {}) => (
    <TextInput label={t(`platform.${name}`)} {...more} value={form[name]} error={byField[name]} onChange={(event) => set({ [name]: event.currentTarget.value })} />
  );
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const shared = { ...(form.display_name ? { display_name: form.display_name } : {}), cors_origins: form.cors_origins };
    const admin = form.email ? { admin: { email: form.email, ...(form.password ? { password: form.password } : {}) } } : {};
    const made = { name: form.name, ...shared, ...(form.server ? { server: form.server } : {}), ...admin };
    const answer = await save.mutateAsync(app ? { method: "PATCH", path: `/apps/${app.name}`, body: shared } : { method: "POST", path: "/apps", body: made }).catch(() => undefined);
    if (!answer || answer.admin_invite) return;
    showDone(t(app ? "definitions.saved" : "platform.made", { name: answer.name }));
    onClose();
  };
  if (save.data?.admin_invite) return <Invite made={save.data} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={app ? app.name : t("platform.new")} centered size="lg">
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {save.error && <Failed error={save.error} />}
          {!app && text("name", { required: true, description: t("platform.nameHelp") })}
          {text("display_name")}
          <TagsInput label={t("platform.origins")} value={form.cors_origins} error={byField["cors_origins"]} onChange={(cors_origins) => set({ cors_origins })} />
          {!app && text("server", { description: t("platform.serverHelp") })}
          {!app && (
            <Fieldset legend={t("platform.admin")} p="sm">
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <TextInput label={t("login.email")} type="email" value={form.email} error={byField["admin.email"]} onChange={(event) => set({ email: event.currentTarget.value })} />
                <PasswordInput label={t("platform.adminPassword")} autoComplete="new-password" value={form.password} error={byField["admin.password"]} onChange={(event) => set({ password: event.currentTarget.value })} />
              </SimpleGrid>
            </Fieldset>
          )}
          <Button type="submit" loading={save.isPending}>
            {t(app ? "action.save" : "action.create")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

/** The invite of a new app's first admin. */
function Invite({ made, onClose }: { made: Made; onClose: () => void }) {
  const { t } = useTranslation();
  const { email, token } = made.admin_invite!;
  const address = `${location.origin}/admin/accept-invite?${new URLSearchParams({ app: made.name, token }).toString()}`;
  return <ShownOnce title={t("platform.made", { name: made.name })} warning={t("platform.invite", { email })} text={address} onClose={onClose} />;
}
