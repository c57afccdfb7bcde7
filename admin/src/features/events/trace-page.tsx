import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { request } from "../../api/client";
import type { Span } from "../../model/trace";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { Waterfall } from "./parts/waterfall";

interface Trace {
  trace_id: string;
  root_span: Span;
  span_count: number;
  total_duration_ms: number;
}

/** All spans of one request, across services, as a waterfall. */
export function TracePage() {
  const { t, i18n } = useTranslation();
  const { app, trace } = useParams({ from: "/$app/events/$trace" });
  const found = useQuery({
    queryKey: [app, "trace", trace],
    queryFn: ({ signal }) => request<Trace>(app, "GET", `/_events/trace/${trace}`, { signal }).then((reply) => reply.data),
  });
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const { root_span, span_count, total_duration_ms } = found.data;
  const count = new Intl.NumberFormat(i18n.language).format(span_count);
  return (
    <Page fill title={t("events.traceTitle")} help={t("events.traceHelp", { count: count as never, ms: Number(total_duration_ms).toFixed(1) })}>
      <Waterfall root={root_span} total={Number(total_duration_ms)} />
    </Page>
  );
}
