import { Group, Loader, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { isApiError } from "../../api/errors";
import { Failed } from "../../ui/failed";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Waterfall } from "./parts/waterfall";
import { useTrace } from "./queries";

/** All spans of one request, across services, as a waterfall. */
export function TracePage() {
  const { t, i18n } = useTranslation();
  const { app, trace } = useParams({ from: "/$app/events/$trace" });
  const found = useTrace(app, trace);
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Waiting isBeingStored={isApiError(found.failureReason, 404)} />;
  const { root_span, span_count, total_duration_ms } = found.data;
  const count = new Intl.NumberFormat(i18n.language).format(span_count);
  return (
    <Page
      fill
      title={t("events.traceTitle")}
      actions={
        <LinkButton size="xs" variant="default" to="/$app/events/$trace/causes" params={{ app, trace }}>
          {t("events.causes")}
        </LinkButton>
      }
      help={t("events.traceHelp", { count: count as never, ms: Number(total_duration_ms).toFixed(1) })}
    >
      <Waterfall root={root_span} total={Number(total_duration_ms)} />
    </Page>
  );
}

/** Spans are stored after the response: a trace that is not there may come within moments. */
function Waiting({ isBeingStored }: { isBeingStored: boolean }) {
  const { t } = useTranslation();
  return (
    <Group m="xl" gap="sm" role="status">
      <Loader aria-label={t("shell.loading")} />
      {isBeingStored && <Text>{t("events.storing")}</Text>}
    </Group>
  );
}
