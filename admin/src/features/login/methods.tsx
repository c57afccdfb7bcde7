import { Alert, Button, Code, Divider, Stack } from "@mantine/core";
import type { LoginMethod } from "../../api/sso";
import { useTranslation } from "../../words/translator";

interface MethodsProps {
  methods: LoginMethod[];
  /** The directory whose name and password are asked for; the local account's without one. */
  directory: LoginMethod | undefined;
  onDirectory: (method: LoginMethod | undefined) => void;
  onLeave: (method: LoginMethod) => void;
}

/** The other ways in: a button for each provider. */
export function Methods({ methods, directory, onDirectory, onLeave }: MethodsProps) {
  const { t } = useTranslation();
  if (methods.length === 0) return null;
  return (
    <Stack gap="xs">
      <Divider label={t("login.or")} />
      {directory && (
        <Button variant="default" onClick={() => onDirectory(undefined)}>
          {t("login.local")}
        </Button>
      )}
      {methods
        .filter((method) => method.name !== directory?.name)
        .map((method) => (
          <Button key={method.name} variant="default" onClick={() => (method.type === "ldap" ? onDirectory(method) : onLeave(method))}>
            {t("login.with", { name: method.label })}
          </Button>
        ))}
    </Stack>
  );
}

const KNOWN = new Set(["PROVIDER_UNAVAILABLE", "PROVIDER_REFUSED", "USER_NOT_PROVISIONED"]);

/** Why a login at a provider has failed. */
export function SsoError({ code, trace }: { code: string; trace: string | undefined }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" role="alert" title={t("login.failed")}>
      {t(`login.because.${KNOWN.has(code) ? code : "OTHER"}`)}
      {trace && <Code block>{trace}</Code>}
    </Alert>
  );
}
