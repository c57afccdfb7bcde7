/** The one way to ask the API: with the caller's token, exact numbers, and refusals as ApiError. */

import { parseExact } from "../model/json";
import { accessToken, discardAccess, refusal, unreachable } from "./session";

export interface Meta {
  /** Whether there may be more than were looked at. */
  incomplete?: boolean;
  page?: number;
  per_page?: number;
  total?: number;
  estimated?: boolean;
  next_cursor?: string | null;
  prev_cursor?: string | null;
  /** The fields whose long values were cut, where that was asked for. */
  truncated?: string[];
  /** Whether that is all there is to tell. */
  complete?: boolean;
}

export interface Warning {
  path: string;
  message: string;
}

export interface Reply<T> {
  data: T;
  meta: Meta;
  warnings: Warning[];
  /** The version of what was answered, for If-Match. */
  etag: string | null;
  /** The position of the commit that a write made. */
  commit: string | null;
}

export interface Options {
  query?: URLSearchParams | Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** One request to `/api/{realm}{path}`. Raises ApiError; status 0 where the server can't be reached. */
export async function request<T>(realm: string, method: string, path: string, options: Options = {}): Promise<Reply<T>> {
  let response = await send(realm, method, path, options);
  if (response.status === 401) {
    // The token may have been revoked or rotated away meanwhile; a session that is good gets another one.
    discardAccess(realm);
    response = await send(realm, method, path, options);
  }
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const answer = text && isJson ? (parseExact(text) as Record<string, unknown>) : {};
  if (!response.ok) throw refusal(response, answer);
  return {
    data: ("data" in answer ? answer["data"] : answer) as T,
    meta: (answer["meta"] ?? {}) as Meta,
    warnings: (answer["warnings"] ?? []) as Warning[],
    etag: response.headers.get("ETag"),
    commit: response.headers.get("X-Commit"),
  };
}

/** The bytes of an answer, for downloads. */
export async function download(realm: string, path: string, query?: URLSearchParams): Promise<Blob> {
  const response = await send(realm, "GET", path, query ? { query } : {});
  if (!response.ok) throw refusal(response, parseExact((await response.text()) || "{}"));
  return response.blob();
}

/** The text of an answer that does not end by itself, piece by piece. Raises ApiError where it is refused. */
export async function openStream(realm: string, path: string, query: URLSearchParams, signal: AbortSignal): Promise<AsyncIterable<string>> {
  const response = await send(realm, "GET", path, { query, signal, headers: { Accept: "text/event-stream" } });
  if (!response.ok || !response.body) throw refusal(response, parseExact((await response.text()) || "{}"));
  return response.body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>;
}

async function send(realm: string, method: string, path: string, options: Options): Promise<Response> {
  const query = new URLSearchParams(options.query).toString();
  const url = `/api/${encodeURIComponent(realm)}${path}${query ? `?${query}` : ""}`;
  const headers: Record<string, string> = { Authorization: `Bearer ${await accessToken(realm)}`, ...options.headers };
  const isForm = options.body instanceof FormData;
  if (options.body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const body = isForm ? (options.body as FormData) : options.body === undefined ? null : JSON.stringify(options.body);
  try {
    return await fetch(url, { method, headers, body, signal: options.signal ?? null });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  }
}
