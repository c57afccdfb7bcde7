import { Button, Checkbox, Modal, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { isApiError } from "../../../api/errors";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useChange, type User } from "../queries";

/** Makes a user of the platform, or changes one. */
export function UserDialog({ user, onClose }: { user: User | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const [form, setForm] = useState({ email: user?.email ?? "", password: "", active: user?.active ?? true });
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const save = useChange<User>();
  const byField = isApiError(save.error) ? save.error.byField : {};
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const { password, ...rest } = form;
    const body = { ...rest, ...(password ? { password } : {}) };
    const saved = await save.mutateAsync(user ? { method: "PUT", path: `/users/${user.id}`, body } : { method: "POST", path: "/users", body }).catch(() => undefined);
    if (!saved) return;
    showDone(t("users.saved"));
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={user ? user.email : t("users.new")} centered>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {save.error && Object.keys(byField).length === 0 && <Failed error={save.error} />}
          <TextInput label={t("login.email")} type="email" required value={form.email} error={byField["email"]} onChange={(event) => set({ email: event.currentTarget.value })} />
          <PasswordInput label={t(user ? "users.newPassword" : "login.password")} required={!user} autoComplete="new-password" value={form.password} error={byField["password"]} onChange={(event) => set({ password: event.currentTarget.value })} />
          <Checkbox label={t("users.active")} checked={form.active} onChange={(event) => set({ active: event.currentTarget.checked })} />
          <Button type="submit" loading={save.isPending}>
            {t("action.save")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
