/** A button that does one thing to the server and says how it went. */

import { Button, type ButtonProps } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import { useViewAs } from "../api/view-as";
import { showDone } from "./errors";

interface ActProps extends Pick<ButtonProps, "color" | "variant"> {
  app: string;
  method?: string;
  path: string;
  body?: unknown;
  label: string;
  done: string;
  onDone?: (data: unknown) => void;
}

export function Act({ app, method = "POST", path, body, label, done, onDone, color, variant = "default" }: ActProps) {
  const client = useQueryClient();
  const isOnlyLooking = useViewAs(app) !== undefined;
  const run = useMutation({
    mutationFn: () => request<unknown>(app, method, path, body === undefined ? {} : { body }),
    onSuccess: async (reply) => {
      showDone(done);
      await client.invalidateQueries({ queryKey: [app] });
      onDone?.(reply.data);
    },
  });
  if (isOnlyLooking) return null;
  return (
    <Button size="compact-sm" variant={variant} {...(color ? { color } : {})} loading={run.isPending} onClick={() => run.mutate()}>
      {label}
    </Button>
  );
}
