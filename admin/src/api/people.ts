/** The users of an app, for pickers of those who may list them. */

import { useQuery } from "@tanstack/react-query";
import { useIsAdmin } from "./app-schema";
import { request } from "./client";

export interface Person {
  id: string;
  email: string;
  roles?: string[];
}

export function usePeople(app: string): Person[] {
  const isAdmin = useIsAdmin(app);
  const found = useQuery({
    queryKey: [app, "people"],
    queryFn: ({ signal }) => request<Person[]>(app, "GET", "/_admin/users", { signal }).then((reply) => reply.data),
    enabled: isAdmin,
    staleTime: 60_000,
  });
  return found.data ?? [];
}
