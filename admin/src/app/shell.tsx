import { AppShell, Burger, Group, Loader, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import { Suspense, lazy } from "react";
import { useTranslation } from "../words/translator";
import { useQuery } from "@tanstack/react-query";
import { schemaQuery, useIsAdmin } from "../api/app-schema";
import { useBranding } from "../api/branding";
import { Failed } from "../ui/failed";
import { Icon } from "../ui/icons";
import { LiveBar, OutageBar } from "./bars";
import { HeaderButton } from "./header-button";
import { Help } from "./help";
import { type Section, sectionsOf } from "./navigation";
import { Palette } from "./palette";
import { TimeBar } from "./time-bar";
import { ViewAsBar } from "./view-as-bar";

// What opens from the header comes when the frame stands: no screen waits for it.
const AppMenu = lazy(() => import("./menus").then((room) => ({ default: room.AppMenu })));
const UserMenu = lazy(() => import("./menus").then((room) => ({ default: room.UserMenu })));
const InboxButton = lazy(() => import("./inbox-button"));
const TimePicker = lazy(() => import("./time-picker"));

/** The frame around all screens of an app: header, sidebar, content. */
export function Shell() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const [opened, { toggle, close }] = useDisclosure(false);
  const schema = useQuery(schemaQuery(app));
  const isAdmin = useIsAdmin(app);
  const sections = sectionsOf(app, schema.data?.entities ?? [], isAdmin);
  const { pathname } = useLocation();
  const branding = useBranding(app);
  const here = nearest(sections, `/${app}`, pathname);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={0}
    >
      <a className="rk-skip" href="#content">
        {t("shell.skip")}
      </a>
      <AppShell.Header style={branding?.colour ? { borderTop: `3px solid ${branding.colour}` } : {}}>
        <Group h="100%" px="sm" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("shell.menu")} />
            <Suspense fallback={<HeaderButton icon="menu" label={app} disabled />}>
              <AppMenu app={app} />
            </Suspense>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Suspense fallback={<HeaderButton icon="clock" label={t("time.now")} disabled />}>
              <TimePicker />
            </Suspense>
            <Palette sections={sections} />
            <Help app={app} />
            <Suspense fallback={<HeaderButton icon="bell" label="" disabled />}>
              <InboxButton app={app} />
            </Suspense>
            <Suspense fallback={<HeaderButton icon="user" label="" disabled />}>
              <UserMenu realm={app} />
            </Suspense>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar component="nav" aria-label={t("shell.navigation")}>
        <div className="rk-nav">
          {sections.map((section) => (
            <div key={section.label}>
              <Text size="xs" fw={700} c="dimmed" tt="uppercase" px="sm" pt="sm" pb={4}>
                {t(section.label)}
              </Text>
              {section.entries.map((entry) => (
                <NavLink
                  key={entry.to}
                  component={Link}
                  to={entry.to}
                  onClick={close}
                  label={entry.word ? t(entry.label) : entry.label}
                  leftSection={<Icon name={entry.icon} size={16} />}
                  activeOptions={{ exact: true }}
                  active={entry.to === here}
                  py={5}
                />
              ))}
            </div>
          ))}
        </div>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <OutageBar />
        <ViewAsBar app={app} />
        <TimeBar />
        <LiveBar app={app} />
        {schema.error ? (
          <Failed error={schema.error} retry={() => void schema.refetch()} />
        ) : (
          <Suspense fallback={<Loader m="xl" aria-label={t("shell.loading")} />}>
            <Outlet />
          </Suspense>
        )}
      </AppShell.Main>
    </AppShell>
  );
}

/** The entry whose path is the longest that the location begins with: a room's own screen, or the one it belongs to; the overview is nobody's. */
function nearest(sections: Section[], home: string, pathname: string): string | undefined {
  const paths = sections.flatMap((section) => section.entries.map((entry) => entry.to));
  const above = paths.filter((path) => pathname === path || (path !== home && pathname.startsWith(`${path}/`)));
  return above.sort((a, b) => b.length - a.length)[0];
}
