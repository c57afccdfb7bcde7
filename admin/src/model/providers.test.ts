import { describe, expect, it } from "vitest";
import { bodyOf, claimsIn, FIELDS, fromPreset, PRESETS } from "./providers";

describe("providers of identities", () => {
  it("each preset makes a provider whose config the form can edit", () => {
    for (const preset of Object.values(PRESETS)) {
      const made = fromPreset(preset);
      expect(made.name).toMatch(/^[a-z][a-z0-9-]*$/);
      const known = FIELDS[made.type].map((field) => field.name);
      expect(Object.keys(made.config).filter((name) => !known.includes(name))).toEqual([]);
    }
  });

  it("leaves out what is empty and unfinished", () => {
    const provider = fromPreset(PRESETS["okta"]!);
    provider.config = { ...provider.config, issuer: "https://a", client_secret: "", scopes: [], trust_email: false };
    provider.role_mapping = [{ claim: "groups", value: "", roles: ["x"] }, { claim: "groups", value: "a", roles: ["x"] }];
    provider.allowed_domains = [];
    const body = bodyOf({ ...provider, id: "1", endpoints: {} });
    expect(body.config).toEqual({ issuer: "https://a", trust_email: false });
    expect(body.role_mapping).toEqual([{ claim: "groups", value: "a", roles: ["x"] }]);
    expect(body.allowed_domains).toBeNull();
    expect("id" in body || "endpoints" in body).toBe(false);
  });

  it("reads claims from JSON and from tokens", () => {
    expect(claimsIn('{"groups": ["ä"]}')).toEqual({ groups: ["ä"] });
    const claims = btoa(String.fromCharCode(...new TextEncoder().encode('{"sub":"ä"}'))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    expect(claimsIn(` a.${claims}.c `)).toEqual({ sub: "ä" });
    for (const wrong of ["", "[1]", "null", "a.b.c", "{", "5"]) expect(claimsIn(wrong)).toBeUndefined();
  });
});
