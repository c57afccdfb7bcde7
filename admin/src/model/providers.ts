/** Providers of identities as forms edit them: presets, and the body that the API takes. Pure. */

export type ProviderType = "oidc" | "saml" | "ldap";
export type ConfigValue = string | boolean | string[];

export interface MappingLine {
  claim: string;
  value: string;
  roles: string[];
}

export interface Provider {
  id?: string;
  name: string;
  type: ProviderType;
  label: string | null;
  active: boolean;
  config: Record<string, unknown>;
  jit: { enabled: boolean; default_roles: string[] };
  role_mapping: MappingLine[];
  sync_roles: "first" | "always";
  link: "verified_email" | "never";
  allowed_domains: string[] | null;
  endpoints?: Record<string, string>;
}

export interface ConfigField {
  name: string;
  /** How it is edited; a secret is shown as `***`, which keeps it. */
  as: "text" | "secret" | "list" | "flag" | "long";
  required?: boolean;
  example?: string;
}

export const FIELDS: Record<ProviderType, ConfigField[]> = {
  oidc: [
    { name: "issuer", as: "text", required: true },
    { name: "client_id", as: "text", required: true },
    { name: "client_secret", as: "secret" },
    { name: "scopes", as: "list" },
    { name: "trust_email", as: "flag" },
  ],
  saml: [
    { name: "idp_metadata", as: "long" },
    { name: "want_encrypted", as: "flag" },
    { name: "allow_idp_initiated", as: "flag" },
    { name: "trust_email", as: "flag" },
  ],
  ldap: [
    { name: "urls", as: "list", required: true, example: "ldaps://ldap.example.com" },
    { name: "start_tls", as: "flag" },
    { name: "ca_certificate", as: "long" },
    { name: "bind_dn", as: "text", required: true, example: "cn=rocket,dc=example,dc=com" },
    { name: "bind_password", as: "secret", required: true },
    { name: "base_dn", as: "text", required: true, example: "ou=people,dc=example,dc=com" },
    { name: "user_filter", as: "text" },
    { name: "group_base_dn", as: "text" },
    { name: "group_filter", as: "text" },
    { name: "trust_email", as: "flag" },
  ],
};

export interface Preset {
  type: ProviderType;
  name: string;
  label: string;
  config: Record<string, ConfigValue>;
  claim: string;
  example?: string;
}

const OIDC = { type: "oidc" as const, claim: "groups" };

/** What is known of usual providers. `example` is the form of the issuer. */
export const PRESETS: Record<string, Preset> = {
  generic: { ...OIDC, name: "sso", label: "", config: { scopes: ["openid", "profile", "email"] }, example: "https://login.example.com" },
  okta: { ...OIDC, name: "okta", label: "Okta", config: { scopes: ["openid", "profile", "email", "groups"] }, example: "https://example.okta.com" },
  entra: { ...OIDC, name: "entra", label: "Microsoft", claim: "roles", config: { scopes: ["openid", "profile", "email"], trust_email: true }, example: "https://login.microsoftonline.com/TENANT/v2.0" },
  google: { ...OIDC, name: "google", label: "Google", claim: "hd", config: { issuer: "https://accounts.google.com", scopes: ["openid", "profile", "email"] } },
  keycloak: { ...OIDC, name: "keycloak", label: "Keycloak", claim: "realm_access.roles", config: { scopes: ["openid", "profile", "email"] }, example: "https://keycloak.example.com/realms/REALM" },
  saml: { type: "saml", name: "saml", label: "", claim: "groups", config: {} },
  ldap: { type: "ldap", name: "directory", label: "", claim: "groups", config: { user_filter: "(uid={username})", group_filter: "(member={dn})" } },
};

/** A new provider by a preset. */
export function fromPreset(preset: Preset): Provider {
  return {
    name: preset.name,
    type: preset.type,
    label: preset.label || null,
    active: true,
    config: { ...preset.config },
    jit: { enabled: true, default_roles: [] },
    role_mapping: [],
    sync_roles: "always",
    link: "never",
    allowed_domains: null,
  };
}

/** The body to send: empty values and unfinished lines are left out. */
export function bodyOf(provider: Provider): Omit<Provider, "id" | "endpoints"> {
  const { name, type, label, active, jit, sync_roles, link } = provider;
  const config = Object.fromEntries(Object.entries(provider.config).filter(([, value]) => value !== "" && value !== null && !(Array.isArray(value) && value.length === 0)));
  const role_mapping = provider.role_mapping.filter((line) => line.claim && line.value && line.roles.length > 0);
  const domains = provider.allowed_domains?.length ? provider.allowed_domains : null;
  return { name, type, label: label || null, active, config, jit, role_mapping, sync_roles, link, allowed_domains: domains };
}

/** The claims in a pasted text: JSON, or a JWT whose claims are read (nothing is checked). Nothing for other texts. */
export function claimsIn(text: string): Record<string, unknown> | undefined {
  const parts = text.trim().split(".");
  const json = parts.length === 3 && !text.includes("{") ? decoded(parts[1]!) : text;
  try {
    const value = JSON.parse(json) as unknown;
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function decoded(part: string): string {
  try {
    const bytes = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  } catch {
    return "";
  }
}
