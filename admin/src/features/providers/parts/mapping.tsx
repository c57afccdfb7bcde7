import { ActionIcon, Button, Group, Stack, TagsInput, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../../api/client";
import { useRoles } from "../../../api/roles";
import { claimsIn, type MappingLine, type Provider } from "../../../model/providers";
import { Failed } from "../../../ui/failed";
import { Icon } from "../../../ui/icons";
import { useTranslation } from "../../../words/translator";

interface MappingProps {
  app: string;
  form: Provider;
  onChange: (lines: MappingLine[]) => void;
}

/** Roles by claims, and what they would be for claims that are pasted. */
export function Mapping({ app, form, onChange }: MappingProps) {
  const { t } = useTranslation();
  const roles = useRoles(app);
  const lines = form.role_mapping;
  const set = (at: number, part: Partial<MappingLine>) => onChange(lines.map((line, index) => (index === at ? { ...line, ...part } : line)));
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        {t("providers.mapping")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("providers.mappingHelp")}
      </Text>
      {lines.map((line, at) => (
        <Group key={at} gap="xs" align="start" wrap="wrap">
          <TextInput flex="1 1 120px" aria-label={t("providers.claim")} placeholder={t("providers.claim")} value={line.claim} onChange={(event) => set(at, { claim: event.currentTarget.value })} />
          <TextInput flex="1 1 120px" aria-label={t("providers.value")} placeholder={t("providers.value")} value={line.value} onChange={(event) => set(at, { value: event.currentTarget.value })} />
          <TagsInput flex="2 1 180px" aria-label={t("users.roles")} placeholder={t("users.roles")} data={roles} value={line.roles} onChange={(chosen) => set(at, { roles: chosen })} />
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("action.delete")} onClick={() => onChange(lines.filter((_, index) => index !== at))}>
            <Icon name="trash" />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button variant="default" size="xs" onClick={() => onChange([...lines, { claim: lines.at(-1)?.claim ?? "groups", value: "", roles: [] }])}>
          {t("providers.addLine")}
        </Button>
      </Group>
      <Trial app={app} form={form} />
    </Stack>
  );
}

interface Outcome {
  roles: string[];
  matching: number[];
}

function Trial({ app, form }: { app: string; form: Provider }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const claims = claimsIn(text);
  const role_mapping = form.role_mapping.filter((line) => line.claim && line.value && line.roles.length > 0);
  const trial = useMutation({
    mutationFn: () => request<Outcome>(app, "POST", "/_admin/auth-providers/try-mapping", { body: { claims, role_mapping, default_roles: form.jit.default_roles } }).then((reply) => reply.data),
    meta: { shown: true },
  });
  return (
    <>
      <Textarea label={t("providers.claims")} description={t("providers.claimsHelp")} autosize minRows={2} maxRows={10} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Group>
        <Button variant="default" size="xs" disabled={!claims} loading={trial.isPending} onClick={() => trial.mutate()}>
          {t("providers.try")}
        </Button>
        {trial.data && <Text size="sm">{t("providers.wouldBe", { roles: trial.data.roles.join(", ") || "–" })}</Text>}
      </Group>
      {trial.error && <Failed error={trial.error} />}
    </>
  );
}
