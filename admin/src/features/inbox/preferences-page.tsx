import { Button, Card, Group, Loader, Select, Stack, Switch, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { type Preferences, mutedFrom, mutedTexts } from "../../model/notifications";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { useTranslation } from "../../words/translator";

const PATH = "/_notifications/preferences";
const DIGESTS = ["none", "hourly", "daily"] as const;

/** How the caller wants to be notified. */
export function PreferencesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/inbox/preferences" });
  const found = useQuery({
    queryKey: [app, "preferences"],
    queryFn: ({ signal }) => request<Preferences>(app, "GET", PATH, { signal }).then((reply) => reply.data),
  });
  return (
    <Page title={t("preferences.title")} help={t("preferences.help")}>
      {found.error ? (
        <Failed error={found.error} retry={() => void found.refetch()} />
      ) : !found.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : (
        <Form key={JSON.stringify(found.data)} app={app} stored={found.data} />
      )}
    </Page>
  );
}

function Form({ app, stored }: { app: string; stored: Preferences }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [wanted, setWanted] = useState(stored);
  const save = useMutation({
    mutationFn: () => request<Preferences>(app, "PUT", PATH, { body: wanted }),
    onSuccess: (reply) => {
      showDone(t("preferences.saved"));
      client.setQueryData([app, "preferences"], reply.data);
    },
  });
  const inApp = wanted.channels.in_app;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack maw={640}>
        <Mails email={wanted.channels.email} onChange={(email) => setWanted({ ...wanted, channels: { ...wanted.channels, email } })} />
        <Card withBorder>
          <Stack gap="sm">
            <Title order={2} size="h5">
              {t("nav.inbox")}
            </Title>
            <Switch
              label={t("preferences.inApp")}
              checked={inApp.enabled}
              onChange={(event) => setWanted({ ...wanted, channels: { ...wanted.channels, in_app: { enabled: event.currentTarget.checked } } })}
            />
            <TagsInput
              label={t("preferences.muted")}
              description={t("preferences.mutedHelp")}
              value={mutedTexts(wanted.muted)}
              onChange={(texts) => setWanted({ ...wanted, muted: mutedFrom(texts) })}
            />
            <TextInput
              w={200}
              label={t("preferences.locale")}
              description={t("preferences.localeHelp")}
              value={wanted.locale}
              onChange={(event) => setWanted({ ...wanted, locale: event.currentTarget.value })}
            />
          </Stack>
        </Card>
        <Text size="sm" c="dimmed">
          {t("preferences.always")}
        </Text>
        <Group>
          <Button type="submit" loading={save.isPending}>
            {t("action.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type Email = Preferences["channels"]["email"];

function Mails({ email, onChange }: { email: Email; onChange: (email: Email) => void }) {
  const { t } = useTranslation();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Title order={2} size="h5">
          {t("preferences.mails")}
        </Title>
        <Switch label={t("preferences.email")} checked={email.enabled} onChange={(event) => onChange({ ...email, enabled: event.currentTarget.checked })} />
        <Group align="flex-end">
          <Select
            w={200}
            label={t("preferences.digest")}
            disabled={!email.enabled}
            data={DIGESTS.map((each) => ({ value: each, label: t(`preferences.digest_${each}`) }))}
            value={email.digest}
            allowDeselect={false}
            onChange={(digest) => onChange({ ...email, digest: (digest ?? "none") as Email["digest"], timezone: email.timezone === "UTC" ? zone : email.timezone })}
          />
          {email.digest === "daily" && (
            <>
              <TextInput w={110} type="time" label={t("preferences.at")} value={email.at} onChange={(event) => onChange({ ...email, at: event.currentTarget.value })} />
              <Select
                w={220}
                searchable
                label={t("preferences.timezone")}
                data={[...new Set(["UTC", zone, email.timezone, ...Intl.supportedValuesOf("timeZone")])]}
                value={email.timezone}
                allowDeselect={false}
                onChange={(timezone) => onChange({ ...email, timezone: timezone ?? "UTC" })}
              />
            </>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
