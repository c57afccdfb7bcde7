/** The figures of an app, and the screen behind each. */

import { queryOptions } from "@tanstack/react-query";
import { request } from "../../api/client";
import type { IconName } from "../../ui/icons";

export interface Figure {
  count: number | null;
  link: string;
  estimated?: boolean;
  by_entity?: Record<string, number>;
  error?: { code: string; message: string };
}

export type Figures = Record<string, Figure>;

interface Screen {
  path: string;
  search?: Record<string, string>;
  icon: IconName;
  /** Whether anything but zero asks for attention. */
  isTrouble?: boolean;
}

export const SCREENS: Record<string, Screen> = {
  pending_approvals: { path: "/instances", search: { status: "running" }, icon: "check" },
  failed_instances: { path: "/instances", search: { status: "failed" }, icon: "flow", isTrouble: true },
  failed_deliveries: { path: "/deliveries", search: { status: "failed" }, icon: "bolt", isTrouble: true },
  failed_notifications: { path: "/notifications", search: { status: "failed" }, icon: "bell", isTrouble: true },
  dead_letters: { path: "/dead-letters", icon: "close", isTrouble: true },
  lag: { path: "/projections", icon: "restore" },
  entities: { path: "/define/entities", icon: "table" },
  records: { path: "/define/relations/diagram", icon: "link" },
  users: { path: "/people/users", icon: "user" },
};

const REFRESH_MS = 30_000;

export const figuresQuery = (app: string) =>
  queryOptions({
    queryKey: [app, "overview"],
    queryFn: ({ signal }) => request<Figures>(app, "GET", "/_admin/overview", { signal }).then((reply) => reply.data),
    refetchInterval: REFRESH_MS,
  });
