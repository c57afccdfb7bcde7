import { Button, Loader, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "../../words/translator";
import { useAppSchema, useEntity } from "../../api/app-schema";
import { isApiError } from "../../api/errors";
import { useAt } from "../../api/moment";
import { type ListState, toQuery, withParts } from "../../model/filter";
import { idOf, labelOf } from "../../model/schema";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { seeList } from "./last-seen";
import { useLiveList } from "./live-list";
import { EditsBar } from "./parts/edits-bar";
import { Pager } from "./parts/pager";
import { RecordsGrid } from "./parts/records-grid";
import { SelectionBar } from "./parts/selection-bar";
import { Toolbar } from "./parts/toolbar";
import { countQuery, recordsQuery } from "./queries";
import { useEdits } from "./use-edits";
import { useSelection } from "./use-selection";
import { useDefaultView } from "./views";

/** The records of an entity. Search, filters, sort, columns and the page stand in the URL. */
export function RecordsPage() {
  const { app, entity: name } = useParams({ from: "/$app/records/$entity" });
  return <Records key={`${app}/${name}`} app={app} name={name} />;
}

function Records({ app, name }: { app: string; name: string }) {
  const { t } = useTranslation();
  const entity = useEntity(app, name);
  const schema = useAppSchema(app);
  const state = useSearch({ from: "/$app/records/$entity" });
  const navigate = useNavigate({ from: "/$app/records/$entity" });
  useEffect(() => seeList(app, name, state));
  const at = useAt();
  const change = (part: Partial<ListState>, replace = true) => void navigate({ search: withParts(state, part), replace });
  const open = (next: ListState) => void navigate({ search: { ...(at === undefined ? {} : { at }), ...next }, replace: true });
  const isReady = useDefaultView(app, name, state, open);
  const asked = recordsQuery(app, entity, state, at);
  const list = useQuery({ ...asked, placeholderData: keepPreviousData, enabled: isReady });
  const [how, setHow] = useState<"estimated" | "exact">("estimated");
  const count = useQuery({ ...countQuery(app, entity, state, how, at), enabled: isReady });
  const live = useLiveList(app, entity, state, at === undefined && list.isSuccess);
  const selection = useSelection(toQuery(state).toString());
  const [isEditing, setEditing] = useState(false);
  const rows = list.data?.data ?? [];
  const edits = useEdits(app, entity, asked.queryKey, rows, !state.q && !state.trash);
  const may = (action: "create" | "update" | "delete") => at === undefined && entity.actions.includes(action);
  const isLastPage = state.page?.back && state.page.cursor === "";
  const before = !state.page ? 0 : isLastPage && count.data?.isExact ? Math.max(0, count.data.total - rows.length) : state.page.before;
  const ids = rows.map((row) => idOf(entity, row));
  const labels = new Map(rows.map((row) => [idOf(entity, row), labelOf(entity, row)]));
  const isPageFull = ids.length > 0 && ids.every((id) => selection.ids.has(id)) && (list.data?.meta.next_cursor != null || list.data?.meta.prev_cursor != null);
  return (
    <Page
      fill
      title={name}
      actions={
        may("create") && (
          <>
            <Button component={Link} to={`/${app}/imports/${name}`} size="xs" variant="default" leftSection={<Icon name="upload" size={14} />}>
              {t("records.import")}
            </Button>
            <Button component={Link} to={`/${app}/records/${name}/new`} size="xs" leftSection={<Icon name="plus" size={14} />}>
              {t("records.new")}
            </Button>
          </>
        )
      }
    >
      <Toolbar {...{ app, entity, state, live, isEditing }} mayEdit={may("update") && !state.trash} onEditing={setEditing} onChange={change} onOpen={open} />
      {(selection.ids.size > 0 || selection.isAll) && <SelectionBar {...{ app, entity, state, selection, isPageFull, labels }} />}
      <EditsBar app={app} entity={entity} list={edits} />
      {list.error ? (
        <Failed error={list.error} retry={() => (isApiError(list.error, 400) && state.page ? change({ page: undefined }) : void list.refetch())} />
      ) : !list.data ? (
        <Loader m="xl" aria-label={t("shell.loading")} />
      ) : (
        <>
          <RecordsGrid
            {...{ app, schema, entity, state, rows, edits, live, before }}
            truncated={list.data.meta.truncated}
            isEditing={isEditing}
            mayEdit={may("update") && !state.trash}
            selection={may("delete") || may("update") ? selection : undefined}
            total={count.data?.isExact ? count.data.total : undefined}
            onChange={change}
            empty={
              <Text p="xl" c="dimmed">
                {state.q || state.where ? t("records.noMatch") : t("records.empty")}
              </Text>
            }
          />
          <Pager page={state.page} meta={list.data.meta} rows={rows.length} count={count.data} before={before} onPage={(page) => change({ page }, false)} onCountExactly={() => setHow("exact")} />
        </>
      )}
    </Page>
  );
}
