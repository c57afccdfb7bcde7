/** The roles of an app, for pickers: those of its register, those that permissions name, and `admin`. */

import { useQuery } from "@tanstack/react-query";
import { keys, useIsAdmin } from "./app-schema";
import { request } from "./client";

export function useRoles(app: string): string[] {
  const enabled = useIsAdmin(app);
  const register = useQuery({
    queryKey: [...keys.definitions(app, "roles"), "names"],
    queryFn: ({ signal }) => request<{ name: string }[]>(app, "GET", "/_admin/roles", { signal }).then((reply) => reply.data.map((row) => row.name)),
    enabled,
  });
  const named = useQuery({
    queryKey: keys.definitions(app, "permissions"),
    queryFn: ({ signal }) => request<{ roles: string[] }[]>(app, "GET", "/_admin/permissions", { signal }).then((reply) => reply.data),
    enabled,
  });
  return [...new Set(["admin", ...(register.data ?? []), ...(named.data ?? []).flatMap((policy) => policy.roles)])];
}
