/** Chooses a record of an entity by a part of its name. */

import { Loader, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keys } from "../api/app-schema";
import { request } from "../api/client";
import { type Entity, type Row, idOf, labelField, labelOf } from "../model/schema";

interface Props {
  app: string;
  entity: Entity;
  label: string;
  value: string | null;
  onChange: (id: string | null) => void;
  error?: string | undefined;
}

const TYPING_MS = 200;

const choicesQuery = (app: string, entity: Entity, asked: string) =>
  queryOptions({
    queryKey: [...keys.records(app, entity.name), "choices", asked],
    queryFn: ({ signal }) => {
      const name = labelField(entity);
      const query: Record<string, string> = { per_page: "20", count: "none", sort: name };
      if (asked) query[`filter[${name}.ilike]`] = `%${asked.replace(/[\\%_]/g, (each) => `\\${each}`)}%`;
      return request<Row[]>(app, "GET", `/${entity.name}`, { signal, query }).then((reply) => reply.data);
    },
  });

export function RecordSelect({ app, entity, label, value, onChange, error }: Props) {
  const [typed, setTyped] = useState("");
  const [asked] = useDebouncedValue(typed, TYPING_MS);
  const found = useQuery({ ...choicesQuery(app, entity, asked), placeholderData: keepPreviousData });
  const current = useQuery({
    queryKey: [...keys.records(app, entity.name), "named", value],
    queryFn: ({ signal }) => request<Row>(app, "GET", `/${entity.name}/${encodeURIComponent(value!)}`, { signal }).then((reply) => reply.data),
    enabled: value !== null,
  });
  const rows = new Map((found.data ?? []).map((row) => [idOf(entity, row), labelOf(entity, row)]));
  if (value !== null) rows.set(value, current.data ? labelOf(entity, current.data) : (rows.get(value) ?? value));
  return (
    <Select
      label={label}
      required
      searchable
      data={[...rows].map(([id, text]) => ({ value: id, label: text }))}
      value={value}
      error={error}
      onChange={onChange}
      onSearchChange={(text) => setTyped([...rows.values()].includes(text) ? "" : text)}
      filter={({ options }) => options}
      rightSection={found.isFetching ? <Loader size={14} /> : undefined}
    />
  );
}
