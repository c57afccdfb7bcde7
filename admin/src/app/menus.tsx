import { ActionIcon, Button, Menu, Text, useDirection, useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMe } from "../api/app-schema";
import { useBranding } from "../api/branding";
import { request } from "../api/client";
import { isLoggedIn, logout, PLATFORM, realms } from "../api/session";
import { Logo } from "../ui/brand";
import { Icon } from "../ui/icons";
import { type Language, directionOf, useTranslation } from "../words/translator";
import { LANGUAGES, setLanguage } from "./language";

/** The apps that the caller can switch to: those with a session, and all of the platform's for its users. */
export function AppMenu({ app }: { app: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const platform = isLoggedIn(PLATFORM);
  const apps = useQuery({
    queryKey: [PLATFORM, "apps"],
    queryFn: () => request<{ name: string }[]>(PLATFORM, "GET", "/apps").then((reply) => reply.data.map((row) => row.name)),
    enabled: platform,
  });
  const branding = useBranding(app);
  const names = [...new Set([app, ...realms().filter((realm) => realm !== PLATFORM), ...(apps.data ?? [])])];
  return (
    <Menu shadow="md" position="bottom-start">
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-md" title={t("shell.app", { app })}>
          <Logo branding={branding} />
          <span style={{ marginInlineStart: branding?.logo ? 8 : 0 }}>{branding?.name ?? app}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {names.map((name) => (
          <Menu.Item key={name} onClick={() => void navigate({ to: "/$app", params: { app: name } })}>
            {name}
          </Menu.Item>
        ))}
        {branding?.links.map((link) => (
          <Menu.Item key={link.url} component="a" href={link.url} target="_blank" rel="noreferrer">
            {link.label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        {platform && <Menu.Item onClick={() => void navigate({ to: "/platform" })}>{t("shell.platform")}</Menu.Item>}
        <Menu.Item onClick={() => void navigate({ to: "/login" })}>{t("shell.otherApp")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Who is logged in, the looks and the language, and the way out. */
export function UserMenu({ realm }: { realm: string }) {
  const { t } = useTranslation();
  const me = useMe(realm);
  const navigate = useNavigate();
  const client = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { setDirection } = useDirection();
  const choose = (language: Language) => {
    void setLanguage(language).then(() => setDirection(directionOf(language)));
  };
  const leave = async () => {
    const elsewhere = await logout(realm);
    client.clear();
    if (elsewhere) return globalThis.location.assign(elsewhere);
    await navigate({ to: "/login", search: realm === PLATFORM ? {} : { app: realm } });
  };
  return (
    <Menu shadow="md" position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("shell.account")}>
          <Icon name="user" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm">{me?.email}</Text>
          <Text size="xs" c="dimmed">
            {me?.roles?.join(", ")}
          </Text>
        </Menu.Label>
        <Menu.Item onClick={() => void navigate({ to: realm === PLATFORM ? "/platform/account" : `/${realm}/account` })}>{t("shell.myAccount")}</Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t("shell.looks")}</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            leftSection={colorScheme === scheme ? <Icon name="check" size={14} /> : null}
            onClick={() => setColorScheme(scheme)}
          >
            {t(`shell.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t("shell.language")}</Menu.Label>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <Menu.Item key={code} lang={code} onClick={() => choose(code as Language)}>
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void leave()}>{t("shell.logout")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
