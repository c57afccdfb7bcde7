import { Group } from "@mantine/core";
import { ChoiceKey, NumberKey, SwitchKey, ValueKey } from "./keys";
import { useScope } from "./scope";

const LONG = ["string", "text", "json"];

/** The rarer keys of a field: those that fit its type. */
export function FieldDetails() {
  const { document } = useScope();
  const type = String(document["type"]);
  return (
    <Group gap="sm" align="flex-end" py={4}>
      {type !== "file" && <ValueKey name="default" w={180} />}
      {type === "decimal" && <NumberKey name="precision" />}
      {LONG.includes(type) && <NumberKey name="max_length" min={1} />}
      {type === "timestamp" && <ChoiceKey name="auto" values={["create", "update"]} w={150} />}
      <SwitchKey name="nullable" otherwise={false} />
      <SwitchKey name="pii" otherwise={false} />
      <SwitchKey name="sensitive" otherwise={false} />
    </Group>
  );
}
