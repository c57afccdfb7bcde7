import { Badge } from "@mantine/core";

const COLOURS: Record<string, string> = { GET: "blue", POST: "teal", PUT: "orange", PATCH: "orange", DELETE: "red" };

/** The method of a request; its colour says whether it changes something. */
export function Method({ name }: { name: string }) {
  return (
    <Badge size="sm" radius="sm" variant="light" color={COLOURS[name] ?? "gray"} c="var(--mantine-color-text)" miw={58}>
      {name}
    </Badge>
  );
}
