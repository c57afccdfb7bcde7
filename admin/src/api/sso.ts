/** Logins at providers: which there are, and the way there and back. */

import { useQuery } from "@tanstack/react-query";
import { exchangeCode, PLATFORM } from "./session";

export interface LoginMethod {
  name: string;
  type: "oidc" | "saml" | "ldap";
  label: string;
  start_url: string;
}

interface Begun {
  realm: string;
  verifier: string;
  back: string;
}

const STORED = "rocket.sso";
const REALM = /^(_platform|[a-z][a-z0-9_-]{0,62})$/;
const VERIFIER_BYTES = 32;

/** The providers that let people in; none while they are not known, or where there is no such app. */
export function useLoginMethods(realm: string): LoginMethod[] {
  const found = useQuery({
    queryKey: [realm, "login-methods"],
    queryFn: ({ signal }) => fetch(`/api/${realm}/auth/providers`, { signal }).then(async (response) => (response.ok ? ((await response.json()) as { data: LoginMethod[] }).data : [])),
    enabled: REALM.test(realm),
    staleTime: 60_000,
    retry: false,
  });
  return found.data ?? [];
}

/** Go to a provider. The login comes back to the login page, which ends it by `endLogin`. */
export async function beginLogin(realm: string, method: LoginMethod, back = ""): Promise<void> {
  const verifier = encoded(crypto.getRandomValues(new Uint8Array(VERIFIER_BYTES)));
  // Without https there is no `subtle`, except on this machine: then the code is not bound to this tab.
  const digest = globalThis.isSecureContext ? await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)) : undefined;
  const kept: Begun = { realm, verifier: digest ? verifier : "", back };
  sessionStorage.setItem(STORED, JSON.stringify(kept));
  const query = new URLSearchParams({ redirect_to: `/admin/login${realm === PLATFORM ? "" : `?app=${realm}`}` });
  if (digest) query.set("challenge", encoded(new Uint8Array(digest)));
  globalThis.location.assign(`${method.start_url}?${query.toString()}`);
}

/** End a login that has come back with a code: where to go on to. Raises ApiError for a code of another browser. */
export async function endLogin(realm: string, code: string): Promise<string> {
  const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "null") as Begun | null;
  sessionStorage.removeItem(STORED);
  await exchangeCode(realm, code, kept?.realm === realm ? kept.verifier : "");
  return (kept?.realm === realm && kept.back) || (realm === PLATFORM ? "/platform" : `/${realm}`);
}

function encoded(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
