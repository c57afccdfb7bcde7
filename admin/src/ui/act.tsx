/** A button that does one thing to the server and says how it went. */

import { Button, type ButtonProps } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
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
  const run = useMutation({
    mutationFn: () => request<unknown>(app, method, path, body === undefined ? {} : { body }),
    onSuccess: async (reply) => {
      showDone(done);
      await client.invalidateQueries({ queryKey: [app] });
      onDone?.(reply.data);
    },
  });
  return (
    <Button size="compact-sm" variant={variant} {...(color ? { color } : {})} loading={run.isPending} onClick={() => run.mutate()}>
      {label}
    </Button>
  );
}
