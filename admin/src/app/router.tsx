/** The whole URL map. Each screen is a room in features/, loaded when it is first opened. */

import type { QueryClient } from "@tanstack/react-query";
import {
  Outlet,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { isLoggedIn, PLATFORM, realms } from "../api/session";
import type { ListState } from "../model/filter";
import { Failed } from "../ui/failed";
import { NotFound } from "../ui/not-found";
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

const loginRoute = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { app?: string; back?: string } => ({
    ...(typeof search["app"] === "string" ? { app: search["app"] } : {}),
    ...(typeof search["back"] === "string" && search["back"].startsWith("/") ? { back: search["back"] } : {}),
  }),
  component: lazyRouteComponent(() => import("../features/login/page"), "LoginPage"),
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
      () => import("../features/login/password-page"),
      path === "accept-invite" ? "AcceptInvitePage" : "ResetPasswordPage",
    ),
  }),
);

const platform = createRoute({
  getParentRoute: () => root,
  path: "/platform",
  beforeLoad: ({ location }) => requireLogin(PLATFORM, location.href),
  component: lazyRouteComponent(() => import("../features/platform/page"), "PlatformPage"),
});

const app = createRoute({
  getParentRoute: () => root,
  path: "/$app",
  beforeLoad: ({ params, location }) => requireLogin(params.app, location.href),
  component: Shell,
});

function requireLogin(realm: string, back: string): void {
  if (!isLoggedIn(realm)) throw redirect({ to: "/login", search: { app: realm === PLATFORM ? "" : realm, back } });
}

const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  component: lazyRouteComponent(() => import("../features/overview/page"), "OverviewPage"),
});

const records = createRoute({
  getParentRoute: () => app,
  path: "/records/$entity",
  validateSearch: (search: Record<string, unknown>): ListState => search as ListState,
  component: lazyRouteComponent(() => import("../features/records/page"), "RecordsPage"),
});

const record = createRoute({
  getParentRoute: () => app,
  path: "/records/$entity/$id",
  component: lazyRouteComponent(() => import("../features/records/record-page"), "RecordPage"),
});

const definitions = createRoute({
  getParentRoute: () => app,
  path: "/define/$kind",
  component: lazyRouteComponent(() => import("../features/definitions/page"), "DefinitionsPage"),
});

const definition = createRoute({
  getParentRoute: () => app,
  path: "/define/$kind/$id",
  component: lazyRouteComponent(() => import("../features/definitions/detail-page"), "DefinitionPage"),
});

const users = createRoute({
  getParentRoute: () => app,
  path: "/people/users",
  component: lazyRouteComponent(() => import("../features/people/page"), "UsersPage"),
});

const account = createRoute({
  getParentRoute: () => app,
  path: "/account",
  component: lazyRouteComponent(() => import("../features/account/page"), "AccountPage"),
});

const tasks = createRoute({
  getParentRoute: () => app,
  path: "/tasks",
  component: lazyRouteComponent(() => import("../features/tasks/page"), "TasksPage"),
});

const instances = createRoute({
  getParentRoute: () => app,
  path: "/instances",
  component: lazyRouteComponent(() => import("../features/tasks/page"), "InstancesPage"),
});

const instance = createRoute({
  getParentRoute: () => app,
  path: "/instances/$id",
  component: lazyRouteComponent(() => import("../features/tasks/instance-page"), "InstancePage"),
});

const inbox = createRoute({
  getParentRoute: () => app,
  path: "/inbox",
  component: lazyRouteComponent(() => import("../features/inbox/page"), "InboxPage"),
});

const deliveries = createRoute({
  getParentRoute: () => app,
  path: "/deliveries",
  component: lazyRouteComponent(() => import("../features/webhooks/page"), "DeliveriesPage"),
});

const delivery = createRoute({
  getParentRoute: () => app,
  path: "/deliveries/$id",
  component: lazyRouteComponent(() => import("../features/webhooks/delivery-page"), "DeliveryPage"),
});

const audit = createRoute({
  getParentRoute: () => app,
  path: "/audit",
  component: lazyRouteComponent(() => import("../features/audit/page"), "AuditPage"),
});

const events = createRoute({
  getParentRoute: () => app,
  path: "/events",
  component: lazyRouteComponent(() => import("../features/events/page"), "EventsPage"),
});

const trace = createRoute({
  getParentRoute: () => app,
  path: "/events/$trace",
  component: lazyRouteComponent(() => import("../features/events/trace-page"), "TracePage"),
});

const notifications = createRoute({
  getParentRoute: () => app,
  path: "/notifications",
  component: lazyRouteComponent(() => import("../features/notifications/page"), "NotificationsPage"),
});

const deadLetters = createRoute({
  getParentRoute: () => app,
  path: "/dead-letters",
  component: lazyRouteComponent(() => import("../features/operating/dead-letters-page"), "DeadLettersPage"),
});

const projections = createRoute({
  getParentRoute: () => app,
  path: "/projections",
  component: lazyRouteComponent(() => import("../features/operating/projections-page"), "ProjectionsPage"),
});

const files = createRoute({
  getParentRoute: () => app,
  path: "/files",
  component: lazyRouteComponent(() => import("../features/operating/files-page"), "FilesPage"),
});

const invites = createRoute({
  getParentRoute: () => app,
  path: "/people/invites",
  component: lazyRouteComponent(() => import("../features/people/invites-page"), "InvitesPage"),
});

const apiKeys = createRoute({
  getParentRoute: () => app,
  path: "/people/api-keys",
  component: lazyRouteComponent(() => import("../features/people/keys-page"), "ApiKeysPage"),
});

const exchange = createRoute({
  getParentRoute: () => app,
  path: "/exchange",
  component: lazyRouteComponent(() => import("../features/exchange/page"), "ExchangePage"),
});

const routes = root.addChildren([
  home,
  loginRoute,
  ...tokenRoutes,
  platform,
  app.addChildren([
    overview,
    records,
    record,
    definitions,
    definition,
    users,
    account,
    tasks,
    instances,
    instance,
    inbox,
    deliveries,
    delivery,
    audit,
    events,
    trace,
    notifications,
    deadLetters,
    projections,
    files,
    invites,
    apiKeys,
    exchange,
  ]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: routes,
    basepath: "/admin",
    context: { queryClient },
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultErrorComponent: ({ error, reset }) => <Failed error={error as Error} retry={reset} />,
    defaultNotFoundComponent: NotFound,
  });
}
