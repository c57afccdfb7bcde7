import { Alert, Button, Center, Paper, PasswordInput, Stack, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { acceptInvite, resetPassword } from "../../api/session";
import { hintOf, messageOf } from "../../ui/errors";

/** Where the link of an invite leads: the invited person chooses a password and is logged in. */
export function AcceptInvitePage() {
  const { app, token } = useSearch({ from: "/accept-invite" });
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <ChoosePassword
      title="password.invite"
      onChoose={async (password) => {
        await acceptInvite(app, token, password);
        client.clear(); // what was answered, or refused, to somebody else or to nobody
        await navigate({ to: "/$app", params: { app } });
      }}
    />
  );
}

/** Where the link of a reset mail leads. */
export function ResetPasswordPage() {
  const { app, token } = useSearch({ from: "/reset-password" });
  const navigate = useNavigate();
  return (
    <ChoosePassword
      title="password.reset"
      onChoose={async (password) => {
        await resetPassword(app, token, password);
        await navigate({ to: "/login", search: { app } });
      }}
    />
  );
}

function ChoosePassword({ title, onChoose }: { title: string; onChoose: (password: string) => Promise<void> }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    await onChoose(password).catch(setError);
    setBusy(false);
  };
  return (
    <Center mih="100dvh" p="md">
      <Paper withBorder p="lg" w={380} component="main">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Stack>
            <Title order={1} size="h3">
              {t(title)}
            </Title>
            {error && (
              <Alert color="red" role="alert" title={messageOf(error)}>
                {hintOf(error)}
              </Alert>
            )}
            <PasswordInput
              label={t("password.new")}
              required
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" loading={busy}>
              {t("password.submit")}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
