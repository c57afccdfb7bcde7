import { Loader, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAppSchema } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { type Row, idOf, labelField, labelOf } from "../../../model/schema";

const TYPING_MS = 250;
const SHOWN = "20";

interface Props {
  app: string;
  entity: string;
  label: string;
  placeholder: string;
  value: string | null;
  onChange: (id: string | null, row: Row | undefined) => void;
}

/** A record of an entity, looked for by its name. */
export function RecordPicker({ app, entity: name, label, placeholder, value, onChange }: Props) {
  const entity = useAppSchema(app).entities.find((each) => each.name === name);
  const [typed, setTyped] = useState("");
  const [asked] = useDebouncedValue(typed, TYPING_MS);
  const found = useQuery<Row[]>({
    queryKey: [app, "records", name, "picker", asked],
    queryFn: ({ signal }) => {
      const text = asked ? { [`filter[${labelField(entity!)}.ilike]`]: `%${asked.replace(/[\\%_]/g, "\\$&")}%` } : {};
      return request<Row[]>(app, "GET", `/${name}`, { query: { per_page: SHOWN, count: "none", ...text }, signal }).then((reply) => reply.data);
    },
    enabled: entity !== undefined,
    placeholderData: keepPreviousData,
  });
  const rows = found.data ?? [];
  return (
    <Select
      size="xs"
      w={240}
      label={label}
      placeholder={placeholder}
      searchable
      clearable
      data={entity ? rows.map((row) => ({ value: idOf(entity, row), label: labelOf(entity, row) })) : []}
      value={value}
      onChange={(id) => onChange(id, entity && rows.find((row) => idOf(entity, row) === id))}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      rightSection={found.isFetching ? <Loader size={12} /> : undefined}
    />
  );
}
