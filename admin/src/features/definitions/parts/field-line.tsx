import { ActionIcon, Checkbox, Group, Select, Table, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { Icon, type IconName } from "../../../ui/icons";
import { FieldDetails } from "./field-details";
import { useProblem, useScope } from "./scope";

const TYPES = ["string", "text", "int", "bigint", "decimal", "float", "boolean", "date", "timestamp", "uuid", "json", "file"];
const FLAGS = ["required", "unique", "indexed"] as const;
const COLUMNS = 7;

interface LineProps {
  /** Whether it was added just now, and waits for its name. */
  isNew: boolean;
  first: boolean;
  last: boolean;
  onRemove: () => void;
  onMove: (by: number) => void;
}

/** A field of an entity in a line; its rarer keys below it, when asked for. */
export function FieldLine(props: LineProps) {
  const { t } = useTranslation();
  const { document: field, onChange } = useScope();
  const [isOpen, setOpen] = useState(false);
  const name = String(field["name"] ?? "");
  const wrongValues = useProblem("enum");
  const put = (key: string, value: unknown) => {
    const { [key]: _old, ...rest } = field;
    onChange(value === undefined ? rest : { ...field, [key]: value });
  };
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <TextInput size="xs" miw={150} autoFocus={props.isNew} aria-label={t("entity.field")} value={name} error={useProblem("name")} onChange={(event) => put("name", event.currentTarget.value)} />
        </Table.Td>
        <Table.Td>
          <Select size="xs" w={130} aria-label={t("entity.typeOf", { field: name })} data={TYPES} value={String(field["type"] ?? "string")} error={useProblem("type")} allowDeselect={false} onChange={(type) => type && put("type", type)} />
        </Table.Td>
        {FLAGS.map((key) => (
          <Table.Td key={key}>
            <Checkbox size="xs" aria-label={t("entity.flagOf", { flag: t(`entity.${key}`), field: name })} checked={field[key] === true} onChange={(event) => put(key, event.currentTarget.checked || undefined)} />
          </Table.Td>
        ))}
        <Table.Td>
          {field["type"] === "string" && (
            <TagsInput size="xs" aria-label={t("entity.enumOf", { field: name })} error={wrongValues} value={((field["enum"] ?? []) as unknown[]).map(String)} onChange={(values) => put("enum", values.length > 0 ? values : undefined)} />
          )}
        </Table.Td>
        <Table.Td>
          <Tools {...props} name={name} isOpen={isOpen} onOpen={() => setOpen(!isOpen)} />
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={COLUMNS}>
            <FieldDetails />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function Tools({ name, first, last, isOpen, onOpen, onMove, onRemove }: Omit<LineProps, "isNew"> & { name: string; isOpen: boolean; onOpen: () => void }) {
  const { t } = useTranslation();
  const tool = (icon: IconName, word: string, onClick: () => void, more: { disabled?: boolean; color?: string; "aria-expanded"?: boolean } = {}) => (
    <ActionIcon variant="subtle" color="gray" onClick={onClick} aria-label={t(word, { field: name })} title={t(word, { field: name })} {...more}>
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
  return (
    <Group gap={2} wrap="nowrap">
      {tool("dots", "entity.more", onOpen, { "aria-expanded": isOpen })}
      {tool("up", "entity.up", () => onMove(-1), { disabled: first })}
      {tool("down", "entity.down", () => onMove(1), { disabled: last })}
      {tool("trash", "entity.remove", onRemove, { color: "red" })}
    </Group>
  );
}
