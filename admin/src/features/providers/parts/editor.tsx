import { Button, Group, Modal, Select, Stack, Switch, TagsInput, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../../api/client";
import { useRoles } from "../../../api/roles";
import { bodyOf, FIELDS, type Provider } from "../../../model/providers";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useTranslation } from "../../../words/translator";
import { ConfigInput } from "./config-input";
import { Endpoints } from "./endpoints";
import { Mapping } from "./mapping";

interface EditorProps {
  app: string;
  first: Provider;
  /** The form of the issuer. */
  example?: string | undefined;
  onClose: () => void;
}

/** A provider: how it is reached, who is let in, and which roles follow from its claims. */
export function ProviderEditor({ app, first, example, onClose }: EditorProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [form, setForm] = useState(first);
  const set = (part: Partial<Provider>) => setForm({ ...form, ...part });
  const save = useMutation({
    mutationFn: () => {
      const [method, path] = form.id ? ["PUT", `/_admin/auth-providers/${form.id}`] : ["POST", "/_admin/auth-providers"];
      return request<Provider>(app, method!, path!, { body: bodyOf(form) }).then((reply) => reply.data);
    },
    onSuccess: async (saved) => {
      showDone(t("providers.saved"));
      await client.invalidateQueries({ queryKey: [app] });
      if (form.id) onClose();
      else setForm(saved); // the addresses to register are shown
    },
    meta: { shown: true },
  });
  return (
    <Modal opened onClose={onClose} title={form.label || form.name} size="xl" closeButtonProps={{ "aria-label": t("action.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          {save.error && <Failed error={save.error} />}
          <Group grow align="start">
            <TextInput label={t("providers.name")} description={t("providers.nameHelp")} required value={form.name} onChange={(event) => set({ name: event.currentTarget.value })} />
            <TextInput label={t("providers.label")} description={t("providers.labelHelp")} value={form.label ?? ""} onChange={(event) => set({ label: event.currentTarget.value })} />
          </Group>
          <Switch label={t("providers.active")} checked={form.active} onChange={(event) => set({ active: event.currentTarget.checked })} />
          {FIELDS[form.type].map((field) => (
            <ConfigInput
              key={field.name}
              field={field.name === "issuer" && example ? { ...field, example } : field}
              value={form.config[field.name]}
              onChange={(value) => set({ config: { ...form.config, [field.name]: value } })}
            />
          ))}
          <People app={app} form={form} set={set} />
          <Mapping app={app} form={form} onChange={(role_mapping) => set({ role_mapping })} />
          {form.endpoints && <Endpoints endpoints={form.endpoints} />}
          <Group justify="end">
            <Button type="submit" loading={save.isPending}>
              {t("action.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function People({ app, form, set }: { app: string; form: Provider; set: (part: Partial<Provider>) => void }) {
  const { t } = useTranslation();
  const roles = useRoles(app);
  return (
    <>
      <Title order={3} size="h5">
        {t("providers.people")}
      </Title>
      <Switch label={t("providers.jit")} description={t("providers.jitHelp")} checked={form.jit.enabled} onChange={(event) => set({ jit: { ...form.jit, enabled: event.currentTarget.checked } })} />
      {form.jit.enabled && (
        <TagsInput label={t("providers.defaultRoles")} data={roles} value={form.jit.default_roles} onChange={(default_roles) => set({ jit: { ...form.jit, default_roles } })} />
      )}
      <Select
        label={t("providers.link")}
        data={["never", "verified_email"].map((value) => ({ value, label: t(`providers.link.${value}`) }))}
        value={form.link}
        onChange={(value) => value && set({ link: value as Provider["link"] })}
        allowDeselect={false}
      />
      <TagsInput label={t("providers.domains")} description={t("providers.domainsHelp")} value={form.allowed_domains ?? []} onChange={(allowed_domains) => set({ allowed_domains })} />
      <Select
        label={t("providers.sync")}
        data={["always", "first"].map((value) => ({ value, label: t(`providers.sync.${value}`) }))}
        value={form.sync_roles}
        onChange={(value) => value && set({ sync_roles: value as Provider["sync_roles"] })}
        allowDeselect={false}
      />
    </>
  );
}
