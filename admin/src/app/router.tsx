/** The whole URL map. Each screen is a room in features/, loaded when it is first opened. */

import type { QueryClient } from "@tanstack/react-query";
import {
  Outlet,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
  type RouteComponent,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { readAt } from "../api/moment";
import { isLoggedIn, PLATFORM, realms } from "../api/session";
import { endLogin } from "../api/sso";
import type { ListState } from "../model/filter";
import { withWords } from "./language";
import { FailedScreen, NotFound } from "./lost";
import { Shell } from "./shell";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    const known = realms();
    const app = known.find((realm) => realm !== PLATFORM);
    if (app) throw redirect({ to: "/$app", params: { app } });
    if (known.includes(PLATFORM)) throw redirect({ to: "/platform" });
    throw redirect({ to: "/login" });
  },
});

interface LoginSearch {
  app?: string;
  back?: string;
  code?: string;
  error?: string;
  trace_id?: string;
}

function texts(search: Record<string, unknown>, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (typeof search[name] === "string" ? [[name, search[name]]] : [])));
}

const loginRoute = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({
    ...texts(search, "code", "error", "trace_id"),
    ...(typeof search["app"] === "string" ? { app: search["app"] } : {}),
    ...(typeof search["back"] === "string" && search["back"].startsWith("/") ? { back: search["back"] } : {}),
  }),
  // A login at a provider comes back here, with a code or an error.
  beforeLoad: async ({ search }) => {
    if (!search.code) return;
    const realm = search.app ?? PLATFORM;
    const back = await endLogin(realm, search.code).catch(() => undefined);
    if (back === undefined) throw redirect({ to: "/login", search: { ...(search.app ? { app: search.app } : {}), error: "UNAUTHORIZED" } });
    // The page begins anew, without the code in its address.
    globalThis.location.replace(`/admin${back}`);
    await new Promise(() => undefined);
  },
  component: lazyRouteComponent(() => withWords(import("../features/login/page")), "LoginPage"),
});

const tokenRoutes = (["accept-invite", "reset-password"] as const).map((path) =>
  createRoute({
    getParentRoute: () => root,
    path: `/${path}`,
    validateSearch: (search: Record<string, unknown>) => ({
      app: String(search["app"] ?? ""),
      token: String(search["token"] ?? ""),
    }),
    component: lazyRouteComponent(
      () => withWords(import("../features/login/password-page")),
      path === "accept-invite" ? "AcceptInvitePage" : "ResetPasswordPage",
    ),
  }),
);

const platform = createRoute({
  getParentRoute: () => root,
  path: "/platform",
  beforeLoad: ({ location }) => requireLogin(PLATFORM, location.href),
  component: lazyRouteComponent(() => withWords(import("./platform-shell")), "PlatformShell"),
});

const app = createRoute({
  getParentRoute: () => root,
  path: "/$app",
  validateSearch: readAt,
  // The moment that is looked at goes along from screen to screen.
  search: { middlewares: [retainSearchParams(["at"])] },
  beforeLoad: ({ params, location }) => requireLogin(params.app, location.href),
  component: Shell,
});

function requireLogin(realm: string, back: string): void {
  if (!isLoggedIn(realm)) throw redirect({ to: "/login", search: { app: realm === PLATFORM ? "" : realm, back } });
}

const records = createRoute({
  getParentRoute: () => app,
  path: "/records/$entity",
  validateSearch: (search: Record<string, unknown>): ListState => search as ListState,
  component: lazyRouteComponent(() => import("../features/records/page"), "RecordsPage"),
});

type Room<N extends string> = Record<N, () => ReactNode>;

/** The component of a room, with the words of all screens: all but the list of records need them. */
function roomed<N extends string>(room: () => Promise<Room<N>>, name: N) {
  return lazyRouteComponent((() => withWords(room())) as never, name as never) as RouteComponent;
}

/** A screen of an app: its path, its room, and the component of it. */
function screen<P extends string, N extends string>(path: P, room: () => Promise<Room<N>>, name: N) {
  return createRoute({ getParentRoute: () => app, path, component: roomed(room, name) });
}

function platformScreen<P extends string, N extends string>(path: P, room: () => Promise<Room<N>>, name: N) {
  return createRoute({ getParentRoute: () => platform, path, component: roomed(room, name) });
}

const routes = root.addChildren([
  home,
  loginRoute,
  ...tokenRoutes,
  platform.addChildren([
    platformScreen("/", () => import("../features/platform/page"), "PlatformPage"),
    platformScreen("/users", () => import("../features/platform/users-page"), "PlatformUsersPage"),
    platformScreen("/signing-keys", () => import("../features/platform/keys-page"), "SigningKeysPage"),
    platformScreen("/account", () => import("../features/account/page"), "PlatformAccountPage"),
  ]),
  app.addChildren([
    records,
    screen("/", () => import("../features/overview/page"), "OverviewPage"),
    screen("/records/$entity/$id", () => import("../features/records/record-page"), "RecordPage"),
    screen("/imports/$entity", () => import("../features/imports/page"), "ImportsPage"),
    screen("/imports/$entity/$id", () => import("../features/imports/job-page"), "ImportJobPage"),
    screen("/define/$kind", () => import("../features/definitions/page"), "DefinitionsPage"),
    screen("/define/$kind/$id", () => import("../features/definitions/detail-page"), "DefinitionPage"),
    screen("/people/users", () => import("../features/people/page"), "UsersPage"),
    screen("/account", () => import("../features/account/page"), "AccountPage"),
    screen("/tasks", () => import("../features/tasks/page"), "TasksPage"),
    screen("/tasks/start", () => import("../features/tasks/start-page"), "StartPage"),
    screen("/tasks/delegations", () => import("../features/tasks/delegations-page"), "DelegationsPage"),
    screen("/instances", () => import("../features/tasks/instances-page"), "InstancesPage"),
    screen("/instances/figures", () => import("../features/tasks/figures-page"), "FiguresPage"),
    screen("/instances/$id", () => import("../features/tasks/instance-page"), "InstancePage"),
    screen("/inbox/preferences", () => import("../features/inbox/preferences-page"), "PreferencesPage"),
    screen("/dashboards", () => import("../features/dashboards/page"), "DashboardsPage"),
    screen("/dashboards/$id", () => import("../features/dashboards/board-page"), "DashboardPage"),
    screen("/inbox", () => import("../features/inbox/page"), "InboxPage"),
    screen("/deliveries", () => import("../features/webhooks/page"), "DeliveriesPage"),
    screen("/deliveries/$id", () => import("../features/webhooks/delivery-page"), "DeliveryPage"),
    screen("/audit", () => import("../features/audit/page"), "AuditPage"),
    screen("/events", () => import("../features/events/page"), "EventsPage"),
    screen("/events/live", () => import("../features/events/live-page"), "LivePage"),
    screen("/events/stats", () => import("../features/events/stats-page"), "StatsPage"),
    screen("/events/$trace", () => import("../features/events/trace-page"), "TracePage"),
    screen("/events/$trace/causes", () => import("../features/events/causality-page"), "CausalityPage"),
    screen("/notifications", () => import("../features/notifications/page"), "NotificationsPage"),
    screen("/notifications/$id", () => import("../features/notifications/detail-page"), "NotificationPage"),
    screen("/dead-letters", () => import("../features/operating/dead-letters-page"), "DeadLettersPage"),
    screen("/projections", () => import("../features/operating/projections-page"), "ProjectionsPage"),
    screen("/files", () => import("../features/operating/files-page"), "FilesPage"),
    screen("/people/invites", () => import("../features/people/invites-page"), "InvitesPage"),
    screen("/people/providers", () => import("../features/providers/page"), "ProvidersPage"),
    screen("/people/api-keys", () => import("../features/people/keys-page"), "ApiKeysPage"),
    screen("/exchange", () => import("../features/exchange/page"), "ExchangePage"),
    screen("/settings", () => import("../features/definitions/settings-page"), "SettingsPage"),
    screen("/api", () => import("../features/api/page"), "ApiPage"),
    screen("/define/workflows/$id/simulate", () => import("../features/definitions/workflow/simulate-page"), "SimulatePage"),
    screen("/define/permissions/matrix", () => import("../features/permissions/matrix-page"), "MatrixPage"),
    screen("/define/permissions/explain", () => import("../features/permissions/explain-page"), "ExplainPage"),
    screen("/define/relations/diagram", () => import("../features/diagram/page"), "DiagramPage"),
  ]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: routes,
    basepath: "/admin",
    context: { queryClient },
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultErrorComponent: ({ error, reset }) => <FailedScreen error={error as Error} reset={reset} />,
    defaultNotFoundComponent: NotFound,
  });
}
