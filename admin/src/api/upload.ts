/** Sends files, and says how much of them has been sent: fetch can't tell that. */

import { parseExact } from "../model/json";
import type { Reply } from "./client";
import { ApiError, type Detail } from "./errors";
import { accessToken, discardAccess } from "./session";

export interface Upload {
  query?: Record<string, string>;
  /** How much has been sent, from 0 to 1. */
  onProgress?: (part: number) => void;
  signal?: AbortSignal;
}

/** POST a form with files to `/api/{realm}{path}`. Raises ApiError. */
export async function upload<T>(realm: string, path: string, form: FormData, options: Upload = {}): Promise<Reply<T>> {
  const first = await attempt<T>(realm, path, form, options).catch((error: unknown) => error);
  if (!(first instanceof ApiError)) return settle(first);
  if (first.status !== 401) throw first;
  discardAccess(realm);
  return attempt<T>(realm, path, form, options);
}

function settle<T>(result: unknown): Reply<T> {
  if (result instanceof Error) throw result;
  return result as Reply<T>;
}

async function attempt<T>(realm: string, path: string, form: FormData, { query, onProgress, signal }: Upload): Promise<Reply<T>> {
  const token = await accessToken(realm);
  const asked = new URLSearchParams(query).toString();
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", `/api/${encodeURIComponent(realm)}${path}${asked ? `?${asked}` : ""}`);
    sending.setRequestHeader("Authorization", `Bearer ${token}`);
    sending.upload.onprogress = ({ loaded, total, lengthComputable }) => lengthComputable && onProgress?.(total === 0 ? 1 : loaded / total);
    sending.onerror = () => reject(new ApiError(0, "UNREACHABLE", "The server can't be reached"));
    sending.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
    sending.onload = () => {
      const answer = read(sending);
      if (sending.status >= 200 && sending.status < 300) resolve(replyOf<T>(sending, answer));
      else reject(refusalOf(sending, answer));
    };
    signal?.addEventListener("abort", () => sending.abort());
    sending.send(form);
  });
}

function read(sent: XMLHttpRequest): Record<string, unknown> {
  const isJson = sent.getResponseHeader("Content-Type")?.includes("json");
  return isJson && sent.responseText ? (parseExact(sent.responseText) as Record<string, unknown>) : {};
}

function replyOf<T>(sent: XMLHttpRequest, answer: Record<string, unknown>): Reply<T> {
  const data = ("data" in answer ? answer["data"] : answer) as T;
  return { data, meta: {}, warnings: [], etag: sent.getResponseHeader("ETag"), commit: sent.getResponseHeader("X-Commit") };
}

function refusalOf(sent: XMLHttpRequest, answer: Record<string, unknown>): ApiError {
  const error = answer["error"] as { code?: string; message?: string; details?: Detail[] } | undefined;
  return new ApiError(sent.status, error?.code ?? "HTTP_ERROR", error?.message ?? `The server answered ${sent.status}`, error?.details ?? [], sent.getResponseHeader("X-Trace-ID"));
}
