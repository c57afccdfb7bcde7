import { DirectionProvider, MantineProvider, createTheme } from "@mantine/core";
import { MutationCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Suspense, lazy } from "react";
import { isApiError } from "../api/errors";
import { showError } from "../ui/errors";
import { directionOf } from "../words/translator";
import { language } from "./language";
import { createAppRouter } from "./router";

const Notifications = lazy(() => import("@mantine/notifications").then((room) => ({ default: room.Notifications })));

const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 8 },
  defaultRadius: "sm",
  cursorType: "pointer",
  // A word that is cut says nothing.
  components: { Badge: { defaultProps: { miw: "max-content" } } },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans Arabic', sans-serif",
});

const STALE_MS = 10_000;
const ATTEMPTS = 3;

/** What the server refused is not asked again; what it could not answer is. */
function isWorthRetrying(failures: number, error: Error): boolean {
  return failures < ATTEMPTS && (!isApiError(error) || error.status === 0 || error.status >= 500);
}

const queryClient = new QueryClient({
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (!mutation.meta?.["shown"]) showError(error);
    },
  }),
  defaultOptions: { queries: { staleTime: STALE_MS, retry: isWorthRetrying } },
});
const router = createAppRouter(queryClient);

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** Everything that stands around the screens. */
export function Providers() {
  return (
    <DirectionProvider initialDirection={directionOf(language())} detectDirection={false}>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <QueryClientProvider client={queryClient}>
          <Suspense>
            <Notifications position="bottom-right" />
          </Suspense>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </DirectionProvider>
  );
}
