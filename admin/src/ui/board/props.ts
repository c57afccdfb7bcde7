import type { Answer, Widget } from "../../model/dashboards";

/** What every way to show a widget gets. */
export interface ShownProps {
  app: string;
  widget: Widget;
  answer: Answer;
}
