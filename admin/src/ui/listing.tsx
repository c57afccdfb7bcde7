/** A list of rows that come a page at a time, with filters that stand in the URL. For rooms whose rows are not records. */

import { Loader, Pagination, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "../words/translator";
import { request } from "../api/client";
import { Failed } from "./failed";
import { type ListFilter, ListFilters } from "./list-filters";

export type { ListFilter } from "./list-filters";

export interface ListColumn<T> {
  /** The key of its word. */
  label: string;
  cell: (row: T) => ReactNode;
}

interface ListingProps<T> {
  app: string;
  /** Below `/api/{app}`. */
  path: string;
  /** What the room is called, for screen readers. */
  label: string;
  columns: ListColumn<T>[];
  rowKey: (row: T) => string;
  filters?: ListFilter[];
  /** Parameters that are always asked. */
  fixed?: Record<string, string>;
  empty: string;
  refreshMs?: number;
  /** Whether the API answers this list a page at a time. */
  paged?: boolean;
  /** What stands around the table of a page, such as acts on its rows. */
  around?: (rows: T[], table: ReactNode) => ReactNode;
}

const PER_PAGE = 25;

export function Listing<T>(props: ListingProps<T>) {
  const { t } = useTranslation();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const change = (part: Record<string, string | undefined>) =>
    void navigate({ to: ".", search: { ...search, page: undefined, ...part } as never, replace: true });
  const paging = props.paged === false ? {} : { per_page: String(PER_PAGE), page: search["page"] ?? "1" };
  const query: Record<string, string> = { ...paging, ...props.fixed };
  for (const filter of props.filters ?? []) if (search[filter.name] !== undefined && search[filter.name] !== "") query[filter.name] = String(search[filter.name]);
  const list = useQuery({
    queryKey: [props.app, "listing", props.path, query],
    queryFn: ({ signal }) => request<T[]>(props.app, "GET", props.path, { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: props.refreshMs ?? false,
  });
  const pages = props.paged === false ? 1 : Math.ceil((list.data?.meta.total ?? 0) / PER_PAGE);
  return (
    <>
      <ListFilters filters={props.filters ?? []} search={search} onChange={change} />
      {list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : list.data.data.length === 0 ? (
        <Text c="dimmed">{props.empty}</Text>
      ) : (
        (props.around ?? ((_rows, table) => table))(list.data.data, <Rows {...props} rows={list.data.data} />)
      )}
      {list.data?.meta.incomplete && (
        <Text size="sm" c="dimmed">
          {t("listing.incomplete")}
        </Text>
      )}
      {pages > 1 && (
        <Pagination
          size="sm"
          total={pages}
          value={Number(search["page"] ?? 1)}
          onChange={(page) => change({ page: String(page) })}
          getControlProps={(control) => ({ "aria-label": t(`page.${control}`) })}
        />
      )}
    </>
  );
}

function Rows<T>({ label, columns, rows, rowKey }: ListingProps<T> & { rows: T[] }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.label}>{t(column.label)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={rowKey(row)}>
              {columns.map((column) => (
                <Table.Td key={column.label}>{column.cell(row)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
