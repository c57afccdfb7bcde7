import { Button, Group, Text } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "../words/translator";
import { endViewAs, useViewAs } from "../api/view-as";
import { Icon } from "../ui/icons";

/** Says as whom the app is looked at, and leads back to oneself. */
export function ViewAsBar({ app }: { app: string }) {
  const { t } = useTranslation();
  const view = useViewAs(app);
  const expiresAt = view?.expiresAt;
  // All that is known of the app is what the user sees: everything begins anew.
  const end = () => {
    endViewAs(app);
    location.assign(`/admin/${app}/people/users`);
  };
  useEffect(() => {
    if (expiresAt === undefined) return undefined;
    const timer = setTimeout(end, Math.max(0, expiresAt - Date.now()));
    return () => clearTimeout(timer);
  }, [expiresAt]);
  if (!view) return null;
  return (
    <Group className="rk-bar" role="status" gap="sm" px="md" py={6}>
      <Icon name="user" size={16} />
      <Text size="sm">{t("viewAs.shown", { email: view.email, roles: view.roles.join(", ") || "–" })}</Text>
      <Button size="compact-xs" variant="white" color="dark" onClick={end}>
        {t("viewAs.end")}
      </Button>
    </Group>
  );
}
