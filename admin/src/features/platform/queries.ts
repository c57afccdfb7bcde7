/** What the platform's screens ask and change: apps, the platform's own users, its signing keys. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/client";
import { PLATFORM } from "../../api/session";

export interface App {
  name: string;
  display_name: string;
  status: string;
  created_at: string;
  cors_origins: string[];
}

export interface User {
  id: string;
  email: string;
  active: boolean;
}

export interface Generation {
  generation: number;
  kid: string;
  created_at: string | null;
  good_until: string | null;
}

/** What a new app answers beside itself: the invite of its first admin, once. */
export interface Made extends App {
  admin_invite?: { email: string; token: string; expires_at: string };
}

const listQuery = <T>(name: string, path: string) =>
  queryOptions({ queryKey: [PLATFORM, name], queryFn: ({ signal }) => request<T[]>(PLATFORM, "GET", path, { signal }).then((reply) => reply.data) });

export const appsQuery = listQuery<App>("applist", "/apps");
export const usersQuery = listQuery<User>("users", "/users");
export const keysQuery = listQuery<Generation>("signing-keys", "/signing-keys");

/** A change of the platform. Dialogs show refusals themselves. */
export function useChange<Answer>(isShown = true) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ method, path, body }: { method: string; path: string; body?: unknown }) =>
      request<Answer>(PLATFORM, method, path, body === undefined ? {} : { body }).then((reply) => reply.data),
    onSuccess: () => client.invalidateQueries({ queryKey: [PLATFORM] }),
    meta: { shown: isShown },
  });
}
