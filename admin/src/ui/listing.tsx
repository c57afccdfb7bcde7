/** A list of rows that come a page at a time, with filters that stand in the URL. For rooms whose rows are not records. */

import { Group, Loader, Pagination, Select, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "../words/translator";
import { request } from "../api/client";
import { Failed } from "./failed";

export interface ListColumn<T> {
  /** The key of its word. */
  label: string;
  cell: (row: T) => ReactNode;
}

export interface ListFilter {
  name: string;
  /** The key of its word. */
  label: string;
  /** The values to choose from; without them it is text. */
  values?: readonly string[];
  /** What its input takes: by default text. */
  type?: "date";
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
const TYPING_MS = 300;

export function Listing<T>(props: ListingProps<T>) {
  const { t } = useTranslation();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const change = (part: Record<string, string | undefined>) =>
    void navigate({ to: ".", search: { ...search, page: undefined, ...part } as never, replace: true });
  const paging = props.paged === false ? {} : { per_page: String(PER_PAGE), page: search["page"] ?? "1" };
  const query: Record<string, string> = { ...paging, ...props.fixed };
  for (const filter of props.filters ?? []) if (search[filter.name]) query[filter.name] = search[filter.name]!;
  const list = useQuery({
    queryKey: [props.app, "listing", props.path, query],
    queryFn: ({ signal }) => request<T[]>(props.app, "GET", props.path, { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: props.refreshMs ?? false,
  });
  if (list.error) return <Failed error={list.error} retry={() => void list.refetch()} />;
  const pages = props.paged === false ? 1 : Math.ceil((list.data?.meta.total ?? 0) / PER_PAGE);
  return (
    <>
      <Filters filters={props.filters ?? []} search={search} onChange={change} />
      {!list.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : list.data.data.length === 0 ? (
        <Text c="dimmed">{props.empty}</Text>
      ) : (
        (props.around ?? ((_rows, table) => table))(list.data.data, <Rows {...props} rows={list.data.data} />)
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

interface FiltersProps {
  filters: ListFilter[];
  search: Record<string, string | undefined>;
  onChange: (part: Record<string, string | undefined>) => void;
}

function Filters({ filters, search, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const type = useDebouncedCallback((name: string, value: string) => onChange({ [name]: value || undefined }), TYPING_MS);
  if (filters.length === 0) return null;
  return (
    <Group gap="xs">
      {filters.map((filter) =>
        filter.values ? (
          <Select
            key={filter.name}
            size="xs"
            w={160}
            clearable
            aria-label={t(filter.label)}
            placeholder={t(filter.label)}
            data={[...filter.values]}
            value={search[filter.name] ?? null}
            onChange={(value) => onChange({ [filter.name]: value ?? undefined })}
          />
        ) : (
          <TextInput
            key={filter.name}
            size="xs"
            w={filter.type === "date" ? 140 : 180}
            type={filter.type ?? "text"}
            title={t(filter.label)}
            aria-label={t(filter.label)}
            placeholder={t(filter.label)}
            defaultValue={search[filter.name] ?? ""}
            onChange={(event) => type(filter.name, event.currentTarget.value)}
          />
        ),
      )}
    </Group>
  );
}
