import { Anchor, Badge, Button, Card, Code, Group, PasswordInput, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { request } from "../../api/client";
import { changePassword, PLATFORM } from "../../api/session";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";

interface Me {
  email: string;
  roles: string[];
  totp: boolean;
}

interface Session {
  id: string;
  via: string;
  ip: string | null;
  user_agent: string | null;
  last_used_at: string;
  current: boolean;
}

export function AccountPage() {
  const { app } = useParams({ from: "/$app/account" });
  return <Account app={app} />;
}

export function PlatformAccountPage() {
  return <Account app={PLATFORM} />;
}

/** One's own account: password, second factor, sessions. */
function Account({ app }: { app: string }) {
  const { t } = useTranslation();
  const me = useQuery({ queryKey: [app, "me"], queryFn: () => request<Me>(app, "GET", "/auth/me").then((reply) => reply.data) });
  return (
    <Page title={t("account.title")} help={me.data ? `${me.data.email} · ${me.data.roles.join(", ")}` : ""}>
      <Stack maw={720}>
        <Password app={app} />
        {me.data && <SecondFactor app={app} on={me.data.totp} />}
        <Sessions app={app} />
      </Stack>
    </Page>
  );
}

function Password({ app }: { app: string }) {
  const { t } = useTranslation();
  const [form, setForm] = useState({ current_password: "", password: "" });
  const change = useMutation({
    mutationFn: () => changePassword(app, form.current_password, form.password),
    onSuccess: () => {
      showDone(t("account.passwordChanged"));
      setForm({ current_password: "", password: "" });
    },
    meta: { shown: true },
  });
  return (
    <Card withBorder>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Stack>
          <Title order={2} size="h5">
            {t("login.password")}
          </Title>
          {change.error && <Failed error={change.error} />}
          <PasswordInput label={t("account.current")} required autoComplete="current-password" value={form.current_password} onChange={(event) => setForm({ ...form, current_password: event.currentTarget.value })} />
          <PasswordInput label={t("password.new")} required autoComplete="new-password" value={form.password} onChange={(event) => setForm({ ...form, password: event.currentTarget.value })} />
          <Group>
            <Button type="submit" loading={change.isPending}>
              {t("password.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

interface Enrolled {
  secret: string;
  uri: string;
}

function SecondFactor({ app, on }: { app: string; on: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [code, setCode] = useState("");
  const [password, setPassword] = useState("");
  const done = () => {
    setCode("");
    setPassword("");
    enroll.reset();
    void client.invalidateQueries({ queryKey: [app, "me"] });
  };
  const enroll = useMutation({ mutationFn: () => request<Enrolled>(app, "POST", "/auth/totp/enroll", { body: { password } }).then((reply) => reply.data), meta: { shown: true } });
  const settle = useMutation({
    mutationFn: (action: "confirm" | "disable") => request<{ recovery_codes?: string[] }>(app, "POST", `/auth/totp/${action}`, { body: action === "disable" ? { password, totp: code } : { totp: code } }).then((reply) => reply.data),
    onSuccess: done,
    meta: { shown: true },
  });
  const action = on ? "disable" : "confirm";
  return (
    <Card withBorder>
      <Stack align="flex-start">
        <Group>
          <Title order={2} size="h5">
            {t("account.totp")}
          </Title>
          <Badge variant="dot" color={on ? "teal" : "gray"}>{on ? t("account.on") : t("account.off")}</Badge>
        </Group>
        {(settle.error ?? enroll.error) && <Failed error={(settle.error ?? enroll.error)!} />}
        {settle.data?.recovery_codes && (
          <>
            <Text size="sm">{t("account.recovery")}</Text>
            <Code block>{settle.data.recovery_codes.join("\n")}</Code>
          </>
        )}
        {(on || !enroll.data) && (
          <PasswordInput w={260} label={t("account.current")} autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        )}
        {!on && !enroll.data && (
          <Button variant="default" disabled={!password} onClick={() => enroll.mutate()} loading={enroll.isPending}>
            {t("account.enroll")}
          </Button>
        )}
        {!on && enroll.data && (
          <>
            <Text size="sm">{t("account.scan")}</Text>
            <Code block>{enroll.data.secret}</Code>
            <Anchor href={enroll.data.uri} size="sm">
              {t("account.openApp")}
            </Anchor>
          </>
        )}
        {(on || enroll.data) && (
          <Group align="end">
            <TextInput label={t("login.code")} inputMode="numeric" autoComplete="one-time-code" value={code} onChange={(event) => setCode(event.currentTarget.value)} />
            <Button color={on ? "red" : "indigo"} disabled={!code} loading={settle.isPending} onClick={() => settle.mutate(action)}>
              {on ? t("account.disable") : t("account.confirm")}
            </Button>
          </Group>
        )}
      </Stack>
    </Card>
  );
}

function Sessions({ app }: { app: string }) {
  const { t } = useTranslation();
  const sessions = useQuery({
    queryKey: [app, "sessions"],
    queryFn: ({ signal }) => request<Session[]>(app, "GET", "/auth/sessions", { signal }).then((reply) => reply.data),
  });
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        {t("account.sessions")}
      </Title>
      {sessions.error && <Failed error={sessions.error} retry={() => void sessions.refetch()} />}
      <Table>
        <Table.Tbody>
          {(sessions.data ?? []).map((session) => (
            <Table.Tr key={session.id}>
              <Table.Td>
                <Text size="sm" lineClamp={1}>
                  {session.user_agent}
                </Text>
                <Text size="xs" c="dimmed">
                  {session.ip} · {timestampCell(session.last_used_at)} · {session.via === "password" ? t("account.byPassword") : t("account.byProvider", { name: session.via })}
                </Text>
              </Table.Td>
              <Table.Td>
                {session.current ? (
                  <Badge variant="dot">{t("account.thisOne")}</Badge>
                ) : (
                  <Act app={app} method="DELETE" path={`/auth/sessions/${session.id}`} label={t("account.end")} done={t("account.ended")} color="red" />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
