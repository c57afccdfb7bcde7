import { Loader, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useTranslation } from "../../words/translator";
import { useAppSchema, useIsAdmin } from "../../api/app-schema";
import { boardDataQuery, boardQuery } from "../../api/dashboards";
import { useAt } from "../../api/moment";
import { arranged, inOrder } from "../../model/board-layout";
import { type TimeSearch, entitiesOf } from "../../model/dashboards";
import { WidgetContent, placeStyle } from "../../ui/board/widget";
import { Failed } from "../../ui/failed";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Watch } from "./parts/watch";
import { TimeRange } from "./parts/time-range";

/** A dashboard: all its widgets of one moment, asked at once, and again where what they show has changed. */
export function DashboardPage() {
  const { t } = useTranslation();
  const { app, id } = useParams({ strict: false }) as { app: string; id: string };
  const search = useSearch({ strict: false }) as TimeSearch & Record<string, unknown>;
  const navigate = useNavigate();
  const at = useAt();
  const isAdmin = useIsAdmin(app);
  const schema = useAppSchema(app);
  const board = useQuery(boardQuery(app, id));
  const time = useMemo(() => timeOf(search), [search.period, search.from, search.to]);
  const every = at === undefined && board.data?.refresh_seconds ? board.data.refresh_seconds * 1_000 : false;
  const data = useQuery({ ...boardDataQuery(app, id, time, at), placeholderData: keepPreviousData, refetchInterval: every });
  const { refetch } = data;
  const again = useCallback(() => void refetch(), [refetch]);
  const widgets = board.data?.widgets ?? [];
  const layout = useMemo(() => arranged(widgets), [widgets]);
  if (board.error) return <Failed error={board.error} retry={() => void board.refetch()} />;
  if (!board.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const watched = at === undefined ? entitiesOf(widgets).filter((name) => schema.entities.some((entity) => entity.name === name && entity.actions.includes("read"))) : [];
  const change = (part: TimeSearch) => void navigate({ to: ".", search: { ...search, period: undefined, from: undefined, to: undefined, ...part } as never, replace: true });
  return (
    <Page
      title={board.data.name}
      {...(board.data.description ? { help: board.data.description } : {})}
      actions={
        <>
          <TimeRange time={time} onChange={change} />
          {isAdmin && (
            <LinkButton size="xs" variant="default" to="/$app/define/$kind/$id" params={{ app, kind: "dashboards", id: board.data.id ?? id }}>
              {t("action.edit")}
            </LinkButton>
          )}
        </>
      }
    >
      {watched.map((name) => (
        <Watch key={name} app={app} entity={name} onChange={again} />
      ))}
      {data.error && <Failed error={data.error} retry={again} />}
      {widgets.length === 0 && <Text c="dimmed">{t("board.empty")}</Text>}
      <div className="rk-board" aria-busy={data.isPlaceholderData}>
        {inOrder(layout).map((key) => {
          const widget = widgets.find((each) => each.id === key)!;
          return (
            <section key={key} className="rk-widget" aria-label={widget.title} style={placeStyle(layout[key]!)}>
              <WidgetContent app={app} widget={widget} answer={data.data?.widgets[key]} />
            </section>
          );
        })}
      </div>
    </Page>
  );
}

function timeOf({ period, from, to }: TimeSearch): TimeSearch {
  return { ...(period ? { period } : {}), ...(from ? { from } : {}), ...(to ? { to } : {}) };
}
