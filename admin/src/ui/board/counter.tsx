import { Anchor, Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { type Figure, shapeOf, valueOf } from "../../model/board-figures";
import type { Query } from "../../model/dashboards";
import { rateMet } from "../../model/kpis";
import type { Row } from "../../model/schema";
import { Change } from "./change";
import { useDrill } from "./drill";
import type { ShownProps } from "./props";
import { figureWord, percentWord, valueWord } from "./words";

/** The value of a figure over all rows; those of workflows come in groups, and are put together where that makes sense. */
function whole(query: Query, figure: Figure, rows: readonly Row[]): unknown {
  if (!query.kpi || rows.length < 2) return rows[0] ? valueOf(rows[0], figure) : query.kpi ? 0 : null;
  const values = rows.map((row) => Number(valueOf(row, figure) ?? 0));
  return query.kpi === "approval_time" ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
}

/** One figure, large; further ones below it. */
export function Counter({ app, widget, answer }: ShownProps) {
  const { t } = useTranslation();
  const drill = useDrill(app, widget, answer)();
  const rows = answer.data ?? [];
  const before = answer.meta?.previous?.data;
  const { figures } = shapeOf(widget.query);
  const met = widget.query.kpi === "sla" && rows[0] ? rateMet(rows[0] as never) : undefined;
  return (
    <Stack gap={4} justify="center" flex={1}>
      {met !== undefined && (
        <Text className="rk-counter" lh={1.2} fw={600}>
          {percentWord(met)}
        </Text>
      )}
      {figures.map((figure, at) => {
        const value = whole(widget.query, figure, rows);
        const isLarge = at === 0 && met === undefined;
        const word = valueWord(value, figure);
        return (
          <Group key={figure.key} gap="xs" align="baseline">
            <Text component="div" lh={1.2} fw={600} size="md" {...(isLarge ? { className: "rk-counter" } : {})}>
              {drill ? (
                <Anchor component={Link} inherit c="inherit" underline="hover" to={drill.to} search={drill.search as never} aria-label={`${widget.title}, ${figureWord(t, figure)}: ${word}`}>
                  {word}
                </Anchor>
              ) : (
                word
              )}
            </Text>
            {(figures.length > 1 || figure.function !== "count") && (
              <Text size="xs" c="dimmed">
                {figureWord(t, figure)}
              </Text>
            )}
            {before && <Change now={value} before={whole(widget.query, figure, before)} unit={figure.unit} isLong />}
          </Group>
        );
      })}
    </Stack>
  );
}
