/** Which page of the reference belongs to which screen. */

const TOPICS: [string, string][] = [
  ["/define/permissions", "definitions/permissions.md"],
  ["/define/roles", "definitions/permissions.md"],
  ["/define/:kind", "definitions/:kind.md"],
  ["/imports", "api/imports.md"],
  ["/exchange", "api/definitions.md"],
  ["/people", "api/accounts.md"],
  ["/account", "api/accounts.md"],
  ["/dashboards", "definitions/dashboards.md"],
  ["/tasks", "definitions/workflows.md"],
  ["/instances", "definitions/workflows.md"],
  ["/inbox", "api/operations.md"],
  ["/notifications", "api/operations.md"],
  ["/deliveries", "definitions/webhooks.md"],
  ["/audit", "api/operations.md"],
  ["/events", "api/operations.md"],
  ["/dead-letters", "api/operations.md"],
  ["/projections", "api/operations.md"],
  ["/files", "api/files.md"],
  ["/settings", "api/settings-and-views.md"],
  ["/api", "api/README.md"],
];
const OTHERWISE = "admin-ui.md";

/** The page for a path below the app. */
export function topicOf(path: string): string {
  for (const [prefix, page] of TOPICS) {
    const found = new RegExp(`^${prefix.replace(":kind", "([a-z-]+)")}(?:/|$)`).exec(path);
    if (found) return page.replace(":kind", found[1] ?? "");
  }
  return OTHERWISE;
}

/** The page that a link of another one leads to; undefined where it leads out of the reference. */
export function followed(page: string, to: string): string | undefined {
  const parts = [...page.split("/").slice(0, -1), ...to.split("#")[0]!.split("/")];
  const path: string[] = [];
  for (const part of parts) {
    if (part === "..") {
      if (path.pop() === undefined) return undefined;
    } else if (part !== "." && part !== "") path.push(part);
  }
  const found = path.join("/");
  return found.endsWith(".md") ? found : found === "" ? undefined : `${found}/README.md`;
}
