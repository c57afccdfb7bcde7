/** Dashboards and their data, for the screens that show them. */

import { queryOptions } from "@tanstack/react-query";
import { type Answer, type Board, type TimeSearch, type Widget, askedTime, plainBoard } from "../model/dashboards";
import { answerOf, askedFor, windowsOf } from "../model/board-preview";
import type { Entity } from "../model/schema";
import { request } from "./client";
import { asOf } from "./moment";

export const boardsQuery = (app: string) =>
  queryOptions({
    queryKey: [app, "dashboards"],
    queryFn: ({ signal }) => request<Board[]>(app, "GET", "/_dashboards", { signal }).then((reply) => reply.data),
  });

export const boardQuery = (app: string, id: string) =>
  queryOptions({
    queryKey: [app, "dashboards", id],
    queryFn: ({ signal }) => request<Board>(app, "GET", `/_dashboards/${encodeURIComponent(id)}`, { signal }).then((reply) => plainBoard(reply.data)),
  });

interface BoardData {
  widgets: Record<string, Answer>;
  as_of: number | string;
}

/** The data of all widgets, in one request and of one moment. */
export const boardDataQuery = (app: string, id: string, time: TimeSearch, at: string | undefined) =>
  queryOptions({
    queryKey: [app, "dashboards", id, "data", time, at ?? ""],
    queryFn: ({ signal }) => {
      const now = at !== undefined && !/^\d+$/.test(at) ? Date.parse(at) : Date.now();
      const asked = askedTime(time, now);
      const until = at !== undefined && asked.from !== undefined && asked.to === undefined ? { to: new Date(now).toISOString() } : {};
      return request<BoardData>(app, "GET", `/_dashboards/${encodeURIComponent(id)}/data`, { signal, query: { ...asked, ...until, ...asOf(at) } }).then((reply) => reply.data);
    },
    meta: { shown: true },
  });

/** What a widget that is not saved yet would show to the caller. */
export const previewQuery = (app: string, { query }: Widget, entity: Entity | undefined) =>
  queryOptions({
    queryKey: [app, "dashboards", "preview", query],
    queryFn: async ({ signal }): Promise<Answer> => {
      const windows = windowsOf(query, Date.now());
      const ask = (at: 0 | 1) => {
        const asked = askedFor(query, entity, windows?.[at]);
        return request<unknown>(app, "GET", asked.path, { signal, query: asked.query }).then((reply) => reply.data);
      };
      const isCompared = windows !== undefined && query.compare !== undefined;
      const [data, before] = await Promise.all([ask(0), isCompared ? ask(1) : undefined]);
      return answerOf(query, data, windows?.[0], isCompared ? { data: before, window: windows[1] } : undefined);
    },
    retry: false,
    meta: { shown: true },
  });
