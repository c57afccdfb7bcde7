/** A widget of a dashboard: its heading, and what it shows, or why it shows nothing. */

import { Alert, Loader, Text, Title } from "@mantine/core";
import type { ComponentType } from "react";
import { useTranslation } from "../../words/translator";
import type { Answer, Place, Widget, WidgetType } from "../../model/dashboards";
import "./board.css";
import { ChartOf } from "./chart";
import { Counter } from "./counter";
import type { ShownProps } from "./props";
import { TableOf } from "./table";
import { TimelineOf } from "./timeline";

const SHOWN: Record<WidgetType, ComponentType<ShownProps>> = { counter: Counter, bar: ChartOf, line: ChartOf, pie: ChartOf, table: TableOf, timeline: TimelineOf };

/** The place of a widget as the style of its box on the grid. */
export function placeStyle({ x, y, w, h }: Place): Record<string, number> {
  return { "--rk-x": x + 1, "--rk-y": y + 1, "--rk-w": w, "--rk-h": h };
}

interface Props {
  app: string;
  widget: Widget;
  /** Undefined as long as it is being asked. */
  answer: Answer | undefined;
}

export function WidgetContent({ app, widget, answer }: Props) {
  return (
    <>
      <Title order={2} size="h6" mb={4} lineClamp={1} title={widget.title}>
        {widget.title}
      </Title>
      <div className="rk-widget-body" {...(widget.type === "table" || widget.type === "timeline" || widget.type === "bar" ? { tabIndex: 0, role: "group", "aria-label": widget.title } : {})}>
        <Body app={app} widget={widget} answer={answer} />
      </div>
    </>
  );
}

function Body({ app, widget, answer }: Props) {
  const { t } = useTranslation();
  if (!answer) return <Loader size="sm" m="auto" aria-label={t("shell.loading")} />;
  if (answer.error) {
    return (
      <Alert color={answer.error.code === "FORBIDDEN" ? "gray" : "red"} p="xs" title={answer.error.code === "FORBIDDEN" ? t("board.forbidden") : t("board.failed")}>
        <Text size="xs">{answer.error.message}</Text>
      </Alert>
    );
  }
  if ((answer.data ?? []).length === 0 && widget.type !== "counter") {
    return (
      <Text size="sm" c="dimmed" m="auto">
        {t(answer.meta?.to ? "board.nothingThen" : "board.nothing")}
      </Text>
    );
  }
  const Shown = SHOWN[widget.type];
  return (
    <>
      <Shown app={app} widget={widget} answer={answer} />
      {answer.meta?.complete === false && (
        <Text size="xs" c="dimmed">
          {t("kpis.incomplete")}
        </Text>
      )}
    </>
  );
}
