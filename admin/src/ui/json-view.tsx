import { Code } from "@mantine/core";

/** A value as JSON to read. JSON that came as text is laid out too. */
export function JsonView({ value }: { value: unknown }) {
  return (
    <Code block style={{ maxHeight: 420, overflow: "auto" }}>
      {typeof value === "string" ? laidOut(value) : JSON.stringify(value, null, 2)}
    </Code>
  );
}

function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
