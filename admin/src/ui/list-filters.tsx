/** The filters of a list, which stand in the URL: some are always there, the others behind a button. */

import { Autocomplete, Button, Group, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "../words/translator";
import { Icon } from "./icons";

export interface ListFilter {
  name: string;
  /** The key of its word. */
  label: string;
  /** The values to choose from; without them it is text. */
  values?: readonly (string | { value: string; label: string })[];
  /** Texts to choose from, beside which others may be typed. */
  suggestions?: readonly string[];
  /** What its input takes: by default text. */
  type?: "date" | "number";
  /** Whether it is seldom needed, so that it stands behind a button. */
  isRare?: boolean;
}

interface Props {
  filters: ListFilter[];
  search: Record<string, string | undefined>;
  onChange: (part: Record<string, string | undefined>) => void;
}

const TYPING_MS = 300;

export function ListFilters({ filters, search, onChange }: Props) {
  const { t } = useTranslation();
  const isSet = ({ name }: ListFilter) => search[name] !== undefined && search[name] !== "";
  const [showsAll, showAll] = useState(() => filters.some((filter) => filter.isRare && isSet(filter)));
  const [cleared, clear] = useState(0);
  if (filters.length === 0) return null;
  const hasRare = filters.some((filter) => filter.isRare);
  const none = () => {
    clear(cleared + 1);
    onChange(Object.fromEntries(filters.map((filter) => [filter.name, undefined])));
  };
  return (
    <Group gap="xs" role="search" aria-label={t("listing.filters")}>
      {filters
        .filter((filter) => showsAll || !filter.isRare || isSet(filter))
        .map((filter) => (
          <Filter key={`${filter.name} ${cleared}`} filter={filter} value={search[filter.name]} onChange={(value) => onChange({ [filter.name]: value || undefined })} />
        ))}
      {hasRare && (
        <Button size="compact-sm" variant="subtle" aria-expanded={showsAll} onClick={() => showAll(!showsAll)} leftSection={<Icon name={showsAll ? "minus" : "plus"} size={12} />}>
          {t(showsAll ? "listing.fewer" : "listing.more")}
        </Button>
      )}
      {hasRare && filters.some(isSet) && (
        <Button size="compact-sm" variant="subtle" onClick={none} leftSection={<Icon name="close" size={12} />}>
          {t("listing.clear")}
        </Button>
      )}
    </Group>
  );
}

function Filter({ filter, value, onChange }: { filter: ListFilter; value: string | undefined; onChange: (value: string | null) => void }) {
  const { t } = useTranslation();
  const type = useDebouncedCallback(onChange, TYPING_MS);
  const label = t(filter.label);
  const common = { size: "xs", "aria-label": label, placeholder: label, title: label };
  if (filter.values) return <Select {...common} w={160} clearable clearButtonProps={{ "aria-label": t("action.clear") }} searchable={filter.values.length > 8} data={[...filter.values]} value={value === undefined ? null : String(value)} onChange={onChange} />;
  if (filter.suggestions) return <Autocomplete {...common} w={180} data={[...filter.suggestions]} defaultValue={value ?? ""} onChange={type} />;
  // A date has no place for what it is called.
  if (filter.type === "date")
    return (
      <Group gap={4} wrap="nowrap">
        <Text size="xs" c="dimmed" aria-hidden>
          {label}
        </Text>
        <TextInput {...common} w={140} type="date" defaultValue={value ?? ""} onChange={(event) => type(event.currentTarget.value)} />
      </Group>
    );
  return <TextInput {...common} w={filter.type === "number" ? 110 : 180} type={filter.type ?? "text"} defaultValue={value ?? ""} onChange={(event) => type(event.currentTarget.value)} />;
}
