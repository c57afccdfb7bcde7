import { Alert, Button, Fieldset, Group, PasswordInput, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../../api/client";
import { useTranslation } from "../../../words/translator";
import { ChoiceKey, NumberKey, SwitchKey, TextKey, useLabel } from "../parts/keys";
import { Headers } from "../parts/headers";
import { Nested, useKey, useProblem, useScope } from "../parts/scope";
import type { FormProps } from "./props";

const TYPES = ["email", "webhook", "in_app"];

/** A notification channel: its type, how it is reached, and a message to try it. */
export default function ChannelForm({ isNew, id }: FormProps) {
  const { document, onChange } = useScope();
  const type = String(document["type"] ?? "email");
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextKey name="name" required />
        <ChoiceKey
          name="type"
          values={TYPES}
          required
          onPick={(picked) => onChange({ ...document, type: picked, config: picked === "webhook" ? { url: "https://" } : {} })}
        />
      </SimpleGrid>
      <Nested name="config">
        {type === "email" && <Mails />}
        {type === "webhook" && <Endpoint />}
      </Nested>
      <SwitchKey name="active" otherwise />
      {!isNew && id !== undefined && <Trial id={id} type={type} />}
    </Stack>
  );
}

function Mails() {
  const { t } = useTranslation();
  return (
    <Fieldset legend={t("channel.server")} p="sm">
      <Text size="xs" c="dimmed" mb="xs">
        {t("channel.serverHelp")}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
        <TextKey name="host" label="channel.host" />
        <NumberKey name="port" label="channel.port" min={1} w="100%" />
        <ChoiceKey name="tls" label="channel.tls" values={["starttls", "implicit", "none"]} />
        <TextKey name="username" label="channel.username" />
        <SecretKey name="password" label="channel.password" />
        <TextKey name="from" label="channel.from" />
        <TextKey name="from_name" label="channel.fromName" />
      </SimpleGrid>
    </Fieldset>
  );
}

function Endpoint() {
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextKey name="url" required />
        <SecretKey name="secret" label="channel.secret" />
      </SimpleGrid>
      <Headers />
    </Stack>
  );
}

/** A value that is written and never read: the server shows stars, and keeps what they stand for. */
function SecretKey({ name, label }: { name: string; label: string }) {
  const [value, set] = useKey(name);
  return (
    <PasswordInput
      size="xs"
      autoComplete="new-password"
      label={useLabel({ name, label })}
      error={useProblem(name)}
      value={typeof value === "string" ? value : ""}
      onChange={(event) => set(event.currentTarget.value || undefined)}
    />
  );
}

/** Sends a message by the channel as it is stored. */
function Trial({ id, type }: { id: string; type: string }) {
  const { t } = useTranslation();
  const { app } = useScope();
  const [to, setTo] = useState("");
  const send = useMutation({
    mutationFn: () => request<{ status: string; error?: string }>(app, "POST", `/_admin/notification-channels/${id}/test`, { body: { to } }).then((reply) => reply.data),
  });
  return (
    <Fieldset legend={t("channel.test")} p="sm">
      <Group align="flex-end">
        <TextInput size="xs" w={260} label={t(type === "in_app" ? "channel.testUser" : "channel.testTo")} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        <Button size="xs" variant="default" loading={send.isPending} onClick={() => send.mutate()}>
          {t("channel.send")}
        </Button>
      </Group>
      {send.data && (
        <Alert mt="sm" role="status" color={send.data.status === "sent" ? "teal" : "red"} title={t(send.data.status === "sent" ? "channel.sent" : "channel.failed")}>
          {send.data.error}
        </Alert>
      )}
    </Fieldset>
  );
}
