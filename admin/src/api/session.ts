/**
 * Who is logged in. A realm is the name of an app, or `_platform`; a platform login also enters every app.
 *
 * Access tokens live in memory. Refresh tokens are used once, so tabs take turns (Web Locks) and tell one another.
 */

import { parseExact } from "../model/json";
import { ApiError, type Detail } from "./errors";
import { noteFailure } from "./outage";
import { endViewAs, viewAs } from "./view-as";

export const PLATFORM = "_platform";
const STORED = "rocket.refresh.";
const EARLY_MS = 30_000;

interface Tokens {
  access: string;
  expiresAt: number;
}

const tokens = new Map<string, Tokens>();
const listeners = new Set<() => void>();
const channel = new BroadcastChannel("rocket.session");
channel.onmessage = ({ data }: MessageEvent<{ realm: string; tokens: Tokens | null }>) => {
  if (data.tokens) tokens.set(data.realm, data.tokens);
  else tokens.delete(data.realm);
  for (const listener of listeners) listener();
};

/** Call `listener` when somebody logs in or out, in any tab. Answers how to stop. */
export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether there is a session of this realm, or of the platform. */
export function isLoggedIn(realm: string): boolean {
  return localStorage.getItem(STORED + realm) !== null || (realm !== PLATFORM && isLoggedIn(PLATFORM));
}

/** As whom the realm is asked: by its own session or the platform's, or looking as somebody else. */
export function identityOf(realm: string): string {
  const view = viewAs(realm);
  return view ? `as ${view.email}` : ownerOf(realm);
}

/** The realms that have a session in this browser. */
export function realms(): string[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(STORED))
    .map((key) => key.slice(STORED.length));
}

export interface Login {
  email: string;
  password: string;
  totp?: string;
}

export async function login(realm: string, body: Login): Promise<void> {
  keep(realm, await post(realm, "/auth/login", body));
}

/** Log in with a name and password of a directory. */
export async function loginAtDirectory(realm: string, name: string, body: Login): Promise<void> {
  const { email, ...rest } = body;
  keep(realm, await post(realm, `/auth/ldap/${name}/login`, { username: email, ...rest }));
}

/** Begin the session of a login at a provider. */
export async function exchangeCode(realm: string, code: string, verifier: string): Promise<void> {
  keep(realm, await post(realm, "/auth/sso/exchange", { code, ...(verifier ? { verifier } : {}) }));
}

export async function acceptInvite(realm: string, token: string, password: string): Promise<void> {
  keep(realm, await post(realm, "/auth/accept-invite", { token, password }));
}

export async function forgotPassword(realm: string, email: string): Promise<void> {
  await post(realm, "/auth/forgot-password", { email });
}

export async function resetPassword(realm: string, token: string, password: string): Promise<void> {
  await post(realm, "/auth/reset-password", { token, password });
}

/** Another password. All sessions end, and this browser gets a new one. */
export async function changePassword(realm: string, current: string, password: string): Promise<void> {
  const owner = ownerOf(realm);
  const body = { current_password: current, password };
  keep(owner, await send(owner, "PUT", "/auth/password", body, await accessToken(realm)));
}

/** End the session of the realm, or of the platform where it is what lets the caller in. Answers where the provider of
 *  the login wants to hear of it. */
export async function logout(realm: string): Promise<string | undefined> {
  endViewAs(realm);
  const owner = ownerOf(realm);
  const refresh = localStorage.getItem(STORED + owner);
  forget(owner);
  const answer = refresh ? await post(owner, "/auth/logout", { refresh_token: refresh }).catch(() => undefined) : undefined;
  return typeof answer?.["logout_url"] === "string" ? answer["logout_url"] : undefined;
}

/** A good access token. Raises ApiError 401 where there is no session. */
export async function accessToken(realm: string): Promise<string> {
  const view = viewAs(realm);
  if (view) return view.access;
  const owner = ownerOf(realm);
  const held = tokens.get(owner);
  if (held && held.expiresAt - EARLY_MS > Date.now()) return held.access;
  return navigator.locks.request(`rocket.refresh.${owner}`, async () => {
    const current = tokens.get(owner);
    return current && current !== held && current.expiresAt - EARLY_MS > Date.now() ? current.access : refresh(owner);
  });
}

/** Forget an access token that was refused, so that the next request fetches another. */
export function discardAccess(realm: string): void {
  tokens.delete(ownerOf(realm));
}

function ownerOf(realm: string): string {
  return localStorage.getItem(STORED + realm) === null ? PLATFORM : realm;
}

async function refresh(realm: string): Promise<string> {
  const refreshToken = localStorage.getItem(STORED + realm);
  if (!refreshToken) throw new ApiError(401, "UNAUTHORIZED", "Log in to go on");
  try {
    return keep(realm, await post(realm, "/auth/refresh", { refresh_token: refreshToken }));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) forget(realm);
    throw error;
  }
}

function keep(realm: string, answer: Record<string, unknown>): string {
  const held = { access: String(answer["access_token"]), expiresAt: Date.now() + Number(answer["expires_in"] ?? 900) * 1000 };
  localStorage.setItem(STORED + realm, String(answer["refresh_token"]));
  tell(realm, held);
  return held.access;
}

function forget(realm: string): void {
  localStorage.removeItem(STORED + realm);
  tell(realm, null);
}

function tell(realm: string, held: Tokens | null): void {
  if (held) tokens.set(realm, held);
  else tokens.delete(realm);
  channel.postMessage({ realm, tokens: held });
  for (const listener of listeners) listener();
}

async function post(realm: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  return send(realm, "POST", path, body);
}

async function send(realm: string, method: string, path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`/api/${encodeURIComponent(realm)}${path}`, {
    method,
    headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  }).catch(() => {
    throw unreachable();
  });
  const answer = (await response.text().then((text) => (text ? parseExact(text) : {}))) as Record<string, unknown>;
  if (!response.ok) throw refusal(response, answer);
  return (answer["data"] ?? {}) as Record<string, unknown>;
}

/** The error of a request that nobody answered. */
export function unreachable(): ApiError {
  const error = new ApiError(0, "UNREACHABLE", "The server can't be reached");
  noteFailure(error.status, error.message);
  return error;
}

/** The error that an answer outside 2xx stands for. */
export function refusal(response: Response, answer: unknown): ApiError {
  const error = (answer as { error?: { code?: string; message?: string; details?: Detail[] } } | null)?.error;
  noteFailure(response.status, error?.message ?? "");
  return new ApiError(
    response.status,
    error?.code ?? "HTTP_ERROR",
    error?.message ?? `The server answered ${response.status}`,
    error?.details ?? [],
    response.headers.get("X-Trace-ID"),
    response.headers.get("ETag"),
  );
}
