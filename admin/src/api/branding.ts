/** How an app is called and looks: for everybody, also before the login. */

import { useQuery } from "@tanstack/react-query";

export interface Branding {
  name: string;
  logo: string | null;
  colour: string | null;
  links: { label: string; url: string }[];
}

const PLAIN = /^[a-z][a-z0-9_-]{0,62}$/;

/** The branding of an app; nothing while it is not known, or where there is no such app. */
export function useBranding(app: string): Branding | undefined {
  const found = useQuery({
    queryKey: [app, "branding"],
    queryFn: ({ signal }) => fetch(`/api/${app}/_ui/branding`, { signal }).then(async (response) => (response.ok ? ((await response.json()) as { data: Branding }).data : null)),
    enabled: PLAIN.test(app),
    staleTime: 60_000,
    retry: false,
  });
  return found.data ?? undefined;
}
