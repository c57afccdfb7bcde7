import { useDirection } from "@mantine/core";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "../../../words/translator";
import { type Layout, arranged, inOrder, laidOut, stepped, withPlace } from "../../../model/board-layout";
import type { Place, Widget } from "../../../model/dashboards";
import { placeStyle } from "../../../ui/board/widget";
import { useDocumentProblems } from "../parts/scope";
import { Preview } from "./preview";
import { useArranging } from "./use-arranging";

interface Props {
  app: string;
  widgets: Widget[];
  chosen: string | undefined;
  onChoose: (id: string | undefined) => void;
  onChange: (widgets: Widget[]) => void;
}

/** The grid on which widgets are moved and resized, with the pointer or with arrow keys. Each shows what it will show. */
export function Canvas({ app, widgets, chosen, onChoose, onChange }: Props) {
  const { t } = useTranslation();
  const { dir } = useDirection();
  const grid = useRef<HTMLDivElement>(null);
  const stored = useMemo(() => arranged(widgets), [widgets]);
  const [said, say] = useState("");
  const settle = (layout: Layout, id: string) => {
    onChange(laidOut(widgets, layout));
    say(placeWord(layout[id]!));
  };
  const placeWord = (place: Place) => t("board.place", { column: place.x + 1, row: place.y + 1, width: place.w, height: place.h });
  const arranging = useArranging(grid, stored, dir === "rtl", settle);
  const layout = arranging.layout ?? stored;
  const wrong = useWrongWidgets();
  const onKeyDown = (event: KeyboardEvent<HTMLButtonElement>, widget: Widget) => {
    const place = stepped(stored[widget.id]!, event.key, event.shiftKey, dir === "rtl");
    const button = event.currentTarget;
    if (place) {
      settle(withPlace(stored, widget.id, place), widget.id);
      // Whoever stands elsewhere in the order now has lost the focus on the way.
      requestAnimationFrame(() => button.focus());
    }
    else if (event.key === "Delete") onChange(widgets.filter((each) => each.id !== widget.id));
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="rk-board" ref={grid} role="group" aria-label={t("board.canvas")}>
        {inOrder(layout).map((id) => {
          const widget = widgets.find((each) => each.id === id);
          if (!widget) return null;
          return (
            <div key={id} className="rk-widget" data-building="true" data-selected={chosen === id} data-wrong={wrong.has(widgets.indexOf(widget))} data-moving={arranging.moving === id} style={placeStyle(layout[id]!)}>
              <div className="rk-widget-inner" inert>
                <Preview app={app} widget={widget} />
              </div>
              <button
                type="button"
                className="rk-widget-cover"
                aria-pressed={chosen === id}
                aria-label={`${widget.title}: ${placeWord(layout[id]!)}`}
                onClick={() => onChoose(id)}
                onKeyDown={(event) => onKeyDown(event, widget)}
                onPointerDown={arranging.handlers(id, false).onPointerDown}
              />
              <span className="rk-widget-size" aria-hidden="true" onPointerDown={arranging.handlers(id, true).onPointerDown} />
            </div>
          );
        })}
      </div>
      <div className="rk-hidden" role="status">
        {said}
      </div>
    </>
  );
}

/** The numbers of the widgets with which something is wrong. */
function useWrongWidgets(): Set<number> {
  const problems = useDocumentProblems();
  const numbers = Object.keys(problems?.byPath ?? {}).map((path) => /^widgets\.(\d+)/.exec(path)?.[1]);
  return new Set(numbers.filter((number) => number !== undefined).map(Number));
}
