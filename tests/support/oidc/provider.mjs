// An OpenID Connect provider for tests. Its settings come as JSON on the command line; what it prints is its log.
// modules are installed beside a copy of this file (tests/support/oidc_provider.py).
import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const { port, clients, accounts, key } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signing = { ...privateKey.export({ format: "jwk" }), kid: key, alg: "RS256", use: "sig" };

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [signing] },
  cookies: { keys: ["a secret of tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "offline_access", "email", "profile", "groups"],
  conformIdTokenClaims: true,
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
  },
  pkce: { required: () => true },
  findAccount: (_, id) => (accounts[id] ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined),
  // Without its guard of addresses: what it calls is on this machine.
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
});

provider.on("backchannel.error", (_, error) => console.log("backchannel.error", String(error.cause ?? error)));
provider.on("server_error", (_, error) => console.log("server_error", error.stack));

/** Tests change what the provider says of people. */
provider.use(async (ctx, next) => {
  if (ctx.path !== "/tests/accounts") return next();
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  Object.assign(accounts, JSON.parse(Buffer.concat(chunks).toString()));
  ctx.body = "ok";
});

provider.listen(port, "127.0.0.1", () => console.log("listening"));
