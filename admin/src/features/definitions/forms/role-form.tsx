import { SimpleGrid } from "@mantine/core";
import { TextKey } from "../parts/keys";

/** A role of the register: its name, and what people read. */
export default function RoleForm() {
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }}>
      <TextKey name="name" required />
      <TextKey name="label" label="key.roleLabel" />
      <TextKey name="description" />
    </SimpleGrid>
  );
}
