import { Alert, Anchor, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useBranding } from "../../api/branding";
import { isApiError } from "../../api/errors";
import { forgotPassword, login, loginAtDirectory, PLATFORM } from "../../api/session";
import { beginLogin, type LoginMethod, useLoginMethods } from "../../api/sso";
import { BrandLinks, Logo } from "../../ui/brand";
import { hintOf, messageOf } from "../../ui/errors";
import { Methods, SsoError } from "./methods";

const TYPING_MS = 400;

/** Logs somebody in: into an app, or into the platform where no app is named. */
export function LoginPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const router = useRouter();
  const client = useQueryClient();
  const [form, setForm] = useState({ app: search.app ?? "", email: "", password: "", totp: "" });
  const [directory, setDirectory] = useState<LoginMethod>();
  const [asksCode, setAsksCode] = useState(false);
  const [error, setError] = useState<Error>();
  const [notice, setNotice] = useState("");
  const [busy, setBusy] = useState(false);
  const realm = form.app.trim() || PLATFORM;
  const [settled] = useDebouncedValue(form.app.trim(), TYPING_MS);
  const branding = useBranding(settled);
  const methods = useLoginMethods(settled || PLATFORM);
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    setNotice("");
    await work().catch((problem: Error) => {
      if (isApiError(problem) && problem.code === "TOTP_REQUIRED") setAsksCode(true);
      else setError(problem);
    });
    setBusy(false);
  };
  const enter = () =>
    attempt(async () => {
      const body = { email: form.email, password: form.password, ...(form.totp ? { totp: form.totp } : {}) };
      await (directory ? loginAtDirectory(realm, directory.name, body) : login(realm, body));
      client.clear(); // what was answered, or refused, to somebody else or to nobody
      if (search.back) router.history.push(`${router.basepath}${search.back}`);
      else if (realm === PLATFORM) await navigate({ to: "/platform" });
      else await navigate({ to: "/$app", params: { app: realm } });
    });
  const forgot = () =>
    attempt(async () => {
      await forgotPassword(realm, form.email);
      setNotice(t("login.mailSent"));
    });
  return (
    <Center mih="100dvh" p="md">
      <Paper withBorder p="lg" w={380} component="main" style={branding?.colour ? { borderTop: `4px solid ${branding.colour}` } : {}}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void enter();
          }}
        >
          <Stack>
            <Logo branding={branding} />
            <Title order={1} size="h3">
              {branding && branding.name !== settled ? t("login.titleOf", { name: branding.name }) : t("login.title")}
            </Title>
            {!error && search.error && <SsoError code={search.error} trace={search.trace_id} />}
            {error && (
              <Alert color="red" role="alert" title={messageOf(error)}>
                {hintOf(error)}
              </Alert>
            )}
            {notice && <Alert color="teal">{notice}</Alert>}
            <TextInput
              label={t("login.app")}
              description={t("login.appHelp")}
              value={form.app}
              onChange={(event) => set({ app: event.currentTarget.value })}
              autoCapitalize="none"
              autoComplete="organization"
            />
            <TextInput
              label={directory ? t("login.userOf", { name: directory.label }) : t("login.email")}
              type={directory ? "text" : "email"}
              required
              autoComplete="username"
              value={form.email}
              onChange={(event) => set({ email: event.currentTarget.value })}
            />
            <PasswordInput
              label={t("login.password")}
              required
              autoComplete="current-password"
              value={form.password}
              onChange={(event) => set({ password: event.currentTarget.value })}
            />
            {asksCode && (
              <TextInput
                label={t("login.code")}
                required
                inputMode="numeric"
                autoComplete="one-time-code"
                value={form.totp}
                onChange={(event) => set({ totp: event.currentTarget.value })}
              />
            )}
            <Button type="submit" loading={busy}>
              {t("login.submit")}
            </Button>
            <Methods
              methods={methods}
              directory={directory}
              onDirectory={setDirectory}
              onLeave={(method) => void attempt(() => beginLogin(realm, method, search.back))}
            />
            <Text size="sm">
              <Anchor component="button" type="button" onClick={() => void forgot()} disabled={!form.email || directory !== undefined}>
                {t("login.forgot")}
              </Anchor>
            </Text>
            <BrandLinks branding={branding} />
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
