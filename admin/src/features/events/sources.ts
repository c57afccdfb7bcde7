/** The sources of events, and the colour of each: the same in lists, live and in traces. */

export const SOURCES = ["http", "auth", "db", "engine", "webhook", "workflow", "storage", "metadata"] as const;

const COLOURS: Record<string, string> = {
  http: "#4263eb", auth: "#ae3ec9", db: "#1098ad", engine: "#f08c00", webhook: "#d6336c", workflow: "#37b24d", storage: "#7048e8", metadata: "#74b816",
};

export function colourOf(source: string, status?: string): string {
  return status === "error" ? "var(--mantine-color-red-6)" : (COLOURS[source] ?? "var(--mantine-color-gray-6)");
}
