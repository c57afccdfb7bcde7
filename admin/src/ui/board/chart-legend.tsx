import { Group, Text } from "@mantine/core";
import type { PlotSeries } from "./plot";

/** Which colour stands for what; the names also stand beside the values. */
export function Legend({ series }: { series: Pick<PlotSeries, "label" | "colour" | "isDashed">[] }) {
  return (
    <Group gap="sm" aria-hidden="true">
      {series.map((each) => (
        <Group key={each.label} gap={4} wrap="nowrap">
          <span className="rk-dot" style={{ background: each.colour, opacity: each.isDashed ? 0.4 : 1 }} />
          <Text size="xs">{each.label}</Text>
        </Group>
      ))}
    </Group>
  );
}
