import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Instance } from "../../../model/tasks";

export function InstanceLink({ app, row }: { app: string; row: Instance }) {
  return (
    <Anchor component={Link} to={`/${app}/instances/${row.id}`}>
      {row.workflow_name}
    </Anchor>
  );
}
