/** What the app looks like to the caller, and who the caller is. */

import { queryOptions, useQuery, useSuspenseQuery } from "@tanstack/react-query";
import type { AppSchema, Entity } from "../model/schema";
import { request } from "./client";
import { ApiError } from "./errors";
import { viewAs } from "./view-as";

export interface Me {
  id: string;
  email: string;
  roles: string[];
}

export const keys = {
  all: (app: string) => [app] as const,
  schema: (app: string) => [app, "schema"] as const,
  me: (realm: string) => [realm, "me"] as const,
  records: (app: string, entity: string) => [app, "records", entity] as const,
  definitions: (app: string, kind: string) => [app, "definitions", kind] as const,
};

export const schemaQuery = (app: string) =>
  queryOptions({
    queryKey: keys.schema(app),
    queryFn: ({ signal }) => request<AppSchema>(app, "GET", "/_schema", { signal }).then((reply) => (viewAs(app) ? readOnly(reply.data) : reply.data)),
    staleTime: 60_000,
  });

/** The schema for somebody who looks as somebody else: nothing can be written, so no screen offers it. */
function readOnly(schema: AppSchema): AppSchema {
  const entities = schema.entities.map((entity) => ({
    ...entity,
    actions: entity.actions.filter((action) => action === "read"),
    fields: entity.fields.map((field) => ({ ...field, create: false, update: false })),
    state_machines: [],
  }));
  return { ...schema, entities };
}

export const meQuery = (realm: string) =>
  queryOptions({
    queryKey: keys.me(realm),
    queryFn: ({ signal }) => request<Me>(realm, "GET", "/auth/me", { signal }).then((reply) => reply.data),
    staleTime: 60_000,
  });

export function useAppSchema(app: string): AppSchema {
  return useSuspenseQuery(schemaQuery(app)).data;
}

/** An entity of the app. Raises ApiError 404 where the caller has none of this name. */
export function useEntity(app: string, name: string): Entity {
  const found = useAppSchema(app).entities.find((entity) => entity.name === name);
  if (!found) throw new ApiError(404, "UNKNOWN_ENTITY", `Unknown entity: ${name}`);
  return found;
}

export function useMe(realm: string): Me | undefined {
  return useQuery(meQuery(realm)).data;
}

export function useIsAdmin(app: string): boolean {
  return useMe(app)?.roles.includes("admin") ?? false;
}
