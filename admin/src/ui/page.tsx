import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

interface PageProps {
  title: string;
  /** What the screen is for, in a sentence. */
  help?: string;
  actions?: ReactNode;
  children: ReactNode;
  /** Whether the content fills the height of the window, as a grid does. */
  fill?: boolean;
}

/** The frame of every screen: its title (the document's too), its actions, its content. */
export function Page({ title, help, actions, children, fill }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Rocket`;
  }, [title]);
  return (
    <Stack gap="sm" p="md" h={fill ? "calc(100dvh - var(--app-shell-header-height, 0px))" : undefined}>
      <Group justify="space-between" gap="sm">
        <div>
          <Title order={1} size="h3">
            {title}
          </Title>
          {help && (
            <Text size="sm" c="dimmed">
              {help}
            </Text>
          )}
        </div>
        <Group gap="xs">{actions}</Group>
      </Group>
      {children}
    </Stack>
  );
}
