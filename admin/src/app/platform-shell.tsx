import { Box, Container, Group } from "@mantine/core";
import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "../words/translator";
import { PLATFORM } from "../api/session";
import { LinkButton } from "../ui/link-button";
import { UserMenu } from "./menus";

const SCREENS = [
  { to: "/platform", label: "platform.apps" },
  { to: "/platform/users", label: "nav.users" },
  { to: "/platform/signing-keys", label: "platform.keys" },
] as const;

/** The frame around the screens of the platform: few enough for one line. */
export function PlatformShell() {
  const { t } = useTranslation();
  return (
    <Container size="lg" px={0}>
      <Group component="header" justify="space-between" px="md" pt="sm">
        <Group component="nav" gap={4} aria-label={t("shell.navigation")}>
          {SCREENS.map((screen) => (
            <LinkButton key={screen.to} to={screen.to} size="xs" variant="subtle" activeOptions={{ exact: true }} activeProps={{ variant: "light" } as never}>
              {t(screen.label)}
            </LinkButton>
          ))}
        </Group>
        <UserMenu realm={PLATFORM} />
      </Group>
      <Box component="main">
        <Outlet />
      </Box>
    </Container>
  );
}
