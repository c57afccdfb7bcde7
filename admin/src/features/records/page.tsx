import { Button, Group, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback, useLocalStorage } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAppSchema, useEntity } from "../../api/app-schema";
import { useAt } from "../../api/moment";
import { type ListState, nextSort } from "../../model/filter";
import { idOf, labelOf, type Row } from "../../model/schema";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Grid } from "../../ui/grid/grid";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { columnsOf } from "./parts/columns";
import { ColumnsMenu } from "./parts/columns-menu";
import { ConfirmDelete } from "./parts/confirm-delete";
import { ExportMenu } from "./parts/export-menu";
import { FilterBar } from "./parts/filter-bar";
import { useLiveList } from "./live-list";
import { countQuery, recordsQuery, useDeleteMany } from "./queries";

const TYPING_MS = 300;

/** The records of an entity. Search, filters, sort and columns stand in the URL. */
export function RecordsPage() {
  const { app, entity: name } = useParams({ from: "/$app/records/$entity" });
  return <Records key={name} app={app} name={name} />;
}

function Records({ app, name }: { app: string; name: string }) {
  const { t } = useTranslation();
  const entity = useEntity(app, name);
  const schema = useAppSchema(app);
  const state = useSearch({ from: "/$app/records/$entity" });
  const navigate = useNavigate({ from: "/$app/records/$entity" });
  const change = (part: Partial<ListState>) => void navigate({ search: { ...state, ...part }, replace: true });
  const at = useAt();
  const list = useInfiniteQuery(recordsQuery(app, entity, state, at));
  const count = useQuery(countQuery(app, entity, state, at));
  const live = useLiveList(app, entity, state, at === undefined && list.isSuccess);
  const [widths, setWidths] = useLocalStorage<Record<string, number>>({ key: `rocket.widths.${app}.${name}`, defaultValue: {} });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const remove = useDeleteMany(app, entity);
  const search = useDebouncedCallback((q: string) => change({ q: q || undefined }), TYPING_MS);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const may = (action: "create" | "delete") => at === undefined && entity.actions.includes(action);
  const select = (key: string, isSelected: boolean) => {
    const next = new Set(selected);
    if (isSelected) next.add(key);
    else next.delete(key);
    setSelected(next);
  };
  const removeSelected = async () => {
    await remove.mutateAsync([...selected]);
    showDone(t("records.deleted", { count: selected.size }));
    setSelected(new Set());
    setAsking(false);
  };
  return (
    <Page
      fill
      title={name}
      actions={
        <>
          {selected.size > 0 && may("delete") && !state.trash && (
            <Button color="red" variant="light" size="xs" onClick={() => setAsking(true)} leftSection={<Icon name="trash" size={14} />}>
              {t("records.deleteSelected", { count: selected.size })}
            </Button>
          )}
          {may("create") && (
            <Button component={Link} to={`/${app}/records/${name}/new`} size="xs" leftSection={<Icon name="plus" size={14} />}>
              {t("records.new")}
            </Button>
          )}
        </>
      }
    >
      <Group gap="xs">
        <TextInput
          size="xs"
          w={240}
          defaultValue={state.q ?? ""}
          onChange={(event) => search(event.currentTarget.value)}
          placeholder={t("records.search")}
          aria-label={t("records.search")}
          leftSection={<Icon name="search" size={14} />}
        />
        <FilterBar entity={entity} where={state.where ?? []} onChange={(where) => change({ where: where.length ? where : undefined })} />
        <ColumnsMenu entity={entity} shown={state.columns} onChange={(columns) => change({ columns })} />
        <ExportMenu app={app} entity={entity} state={state} />
        {entity.soft_delete && may("delete") && (
          <Button size="xs" variant={state.trash ? "filled" : "default"} onClick={() => change({ trash: state.trash ? undefined : true })}>
            {t("records.trash")}
          </Button>
        )}
        {live.entered > 0 && (
          <Button size="compact-xs" radius="xl" onClick={live.show}>
            {t("records.entered", { count: live.entered })}
          </Button>
        )}
        <Text size="sm" c="dimmed" ms="auto" aria-live="polite">
          {count.data === undefined ? "…" : t("records.count", { count: count.data })}
        </Text>
      </Group>
      {list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : (
        <Grid<Row>
          label={name}
          columns={columnsOf(schema, entity, state.columns, widths)}
          rows={rows}
          rowKey={(row) => idOf(entity, row)}
          rowLink={(row) => `/${app}/records/${name}/${encodeURIComponent(idOf(entity, row))}`}
          rowMark={(row) => live.markOf(idOf(entity, row))}
          sort={state.sort}
          onSort={(field) => change({ sort: nextSort(state.sort, field) })}
          onResize={(field, width) => setWidths({ ...widths, [field]: width })}
          {...(may("delete") ? { selected, onSelect: select } : {})}
          selectLabel={(row) => t("records.select", { label: labelOf(entity, row) })}
          onEndInSight={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
          empty={
            <Text p="xl" c="dimmed">
              {list.isPending ? t("shell.loading") : state.q || state.where ? t("records.noMatch") : t("records.empty")}
            </Text>
          }
        />
      )}
      <ConfirmDelete opened={asking} count={selected.size} busy={remove.isPending} onCancel={() => setAsking(false)} onConfirm={() => void removeSelected()} />
    </Page>
  );
}
