import { SimpleGrid, Stack } from "@mantine/core";
import { Builder } from "../dashboard/builder";
import { NumberKey, RolesKey, TextKey } from "../parts/keys";

/** A dashboard: who sees it, and its widgets on their grid. */
export default function DashboardForm() {
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
        <TextKey name="name" required />
        <TextKey name="description" />
        <RolesKey name="roles" label="board.roles" />
        <NumberKey name="refresh_seconds" label="board.refresh" w="100%" />
      </SimpleGrid>
      <Builder />
    </Stack>
  );
}
