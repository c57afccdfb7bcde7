/** What the platform's screens show and change: apps, the platform's own users, its signing keys. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
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

/** A change of the platform. Dialogs show refusals themselves. */
export function useChange<Answer>() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ method, path, body }: { method: string; path: string; body?: unknown }) =>
      request<Answer>(PLATFORM, method, path, body === undefined ? {} : { body }).then((reply) => reply.data),
    onSuccess: () => client.invalidateQueries({ queryKey: [PLATFORM] }),
    meta: { shown: true },
  });
}
