import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useAppSchema } from "../../../api/app-schema";
import { previewQuery } from "../../../api/dashboards";
import { isApiError } from "../../../api/errors";
import type { Answer, Widget } from "../../../model/dashboards";
import { WidgetContent } from "../../../ui/board/widget";
import { messageOf } from "../../../ui/errors";

const TYPING_MS = 500;

/** What a widget shows to whoever builds it, a moment after it was changed. */
export function Preview({ app, widget }: { app: string; widget: Widget }) {
  const [settled] = useDebouncedValue(widget, TYPING_MS);
  const entity = useAppSchema(app).entities.find((each) => each.name === settled.query.entity);
  const found = useQuery(previewQuery(app, settled, entity));
  const failed: Answer | undefined = found.error ? { error: { code: isApiError(found.error) ? found.error.code : "", message: messageOf(found.error) } } : undefined;
  const shown = settled.type === widget.type ? settled : widget;
  return <WidgetContent app={app} widget={{ ...shown, title: widget.title }} answer={failed ?? (settled.type === widget.type ? found.data : undefined)} />;
}
