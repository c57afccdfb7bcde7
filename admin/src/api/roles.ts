/** The roles of an app, for pickers: those of its register, and `admin`. */

import { useQuery } from "@tanstack/react-query";
import { keys, useIsAdmin } from "./app-schema";
import { request } from "./client";

export function useRoles(app: string): string[] {
  const isAdmin = useIsAdmin(app);
  const found = useQuery({
    queryKey: [...keys.definitions(app, "roles"), "names"],
    queryFn: ({ signal }) => request<{ name: string }[]>(app, "GET", "/_admin/roles", { signal }).then((reply) => reply.data.map((row) => row.name)),
    enabled: isAdmin,
  });
  return [...new Set(["admin", ...(found.data ?? [])])];
}
