/** A refusal as a message at the edge of the screen, with the id by which an operator finds the request. */

import type { notifications as Notifications } from "@mantine/notifications";
import { translator } from "../words/translator";
import { isApiError } from "../api/errors";

const SHOWN_MS = 10_000;
const WARNED_MS = 20_000;

type Message = Parameters<typeof Notifications.show>[0];

/** The messages are drawn by a part that comes when the frame stands. */
function show(message: Message): void {
  const closeButtonProps = { "aria-label": translator().t("action.close") };
  void import("@mantine/notifications").then(({ notifications }) => notifications.show({ closeButtonProps, ...message }));
}

export function showError(error: Error): void {
  show({ color: "red", title: messageOf(error), message: hintOf(error), autoClose: SHOWN_MS });
}

export function showDone(message: string): void {
  show({ color: "teal", message });
}

/** Something legal but doubtful: it stays long enough to be read, and stands there once. */
export function showWarning(place: string, message: string): void {
  show({ id: `${place}: ${message}`, color: "yellow", title: place, message, autoClose: WARNED_MS });
}

export function messageOf(error: Error): string {
  return isApiError(error, 0) ? translator().t("error.unreachable") : error.message;
}

/** The details that the message does not hold, and the trace id. */
export function hintOf(error: Error): string {
  if (!isApiError(error)) return "";
  const lines = error.details.map((detail) => (detail.field ? `${detail.field}: ${detail.message}` : detail.message));
  const more = lines.filter((line) => line !== error.message);
  return [...more, ...(error.traceId ? [translator().t("error.trace", { id: error.traceId })] : [])].join("\n");
}
