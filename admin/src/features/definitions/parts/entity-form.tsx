import { ActionIcon, Button, Checkbox, Group, Select, SimpleGrid, Stack, Table, TagsInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Icon } from "../../../ui/icons";
import type { Document } from "../queries";

const TYPES = ["string", "text", "int", "bigint", "decimal", "float", "boolean", "date", "timestamp", "uuid", "json", "file"];
const FLAGS = ["required", "unique", "indexed"] as const;

interface Props {
  document: Document;
  onChange: (document: Document) => void;
  isNew: boolean;
}

/** An entity as a form: its names, and a line for each field. What it does not show stays as it is in the JSON. */
export function EntityForm({ document, onChange, isNew }: Props) {
  const { t } = useTranslation();
  const fields = (document["fields"] ?? []) as Document[];
  const set = (part: Document) => onChange({ ...document, ...part });
  const setFields = (next: Document[]) => set({ fields: next });
  const rename = (name: string) => {
    const follows = isNew && (!document["table"] || document["table"] === `${String(document["name"])}s`);
    set({ name, ...(follows ? { table: name && `${name}s` } : {}) });
  };
  const move = (from: number, by: number) => {
    const next = [...fields];
    const [field] = next.splice(from, 1);
    next.splice(from + by, 0, field!);
    setFields(next);
  };
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <TextInput label={t("entity.name")} required value={String(document["name"] ?? "")} onChange={(event) => rename(event.currentTarget.value)} />
        <TextInput
          label={t("entity.table")}
          required
          value={String(document["table"] ?? "")}
          onChange={(event) => set({ table: event.currentTarget.value })}
        />
        <Checkbox
          mt="xl"
          label={t("entity.softDelete")}
          checked={document["soft_delete"] === true}
          onChange={(event) => set({ soft_delete: event.currentTarget.checked })}
        />
      </SimpleGrid>
      <Table.ScrollContainer minWidth={860}>
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("entity.field")}</Table.Th>
              <Table.Th>{t("entity.type")}</Table.Th>
              {FLAGS.map((flag) => (
                <Table.Th key={flag}>{t(`entity.${flag}`)}</Table.Th>
              ))}
              <Table.Th>{t("entity.enum")}</Table.Th>
              <Table.Th>
                <span className="rk-skip">{t("entity.order")}</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {fields.map((field, at) => (
              <FieldLine
                key={at}
                field={field}
                first={at === 0}
                last={at === fields.length - 1}
                onChange={(next) => setFields(fields.map((each, index) => (index === at ? next : each)))}
                onRemove={() => setFields(fields.filter((_, index) => index !== at))}
                onMove={(by) => move(at, by)}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group>
        <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => setFields([...fields, { name: "", type: "string" }])}>
          {t("entity.addField")}
        </Button>
      </Group>
    </Stack>
  );
}

interface LineProps {
  field: Document;
  first: boolean;
  last: boolean;
  onChange: (field: Document) => void;
  onRemove: () => void;
  onMove: (by: number) => void;
}

function FieldLine({ field, first, last, onChange, onRemove, onMove }: LineProps) {
  const { t } = useTranslation();
  const name = String(field["name"] ?? "");
  const flag = (key: string, on: boolean) => {
    const { [key]: _old, ...rest } = field;
    onChange(on ? { ...rest, [key]: true } : rest);
  };
  const setEnum = (values: string[]) => {
    const { enum: _old, ...rest } = field;
    onChange(values.length > 0 ? { ...rest, enum: values } : rest);
  };
  return (
    <Table.Tr>
      <Table.Td>
        <TextInput size="xs" miw={150} aria-label={t("entity.field")} value={name} onChange={(event) => onChange({ ...field, name: event.currentTarget.value })} />
      </Table.Td>
      <Table.Td>
        <Select
          size="xs"
          w={130}
          aria-label={t("entity.typeOf", { field: name })}
          data={TYPES}
          value={String(field["type"] ?? "string")}
          onChange={(type) => type && onChange({ ...field, type })}
        />
      </Table.Td>
      {FLAGS.map((key) => (
        <Table.Td key={key}>
          <Checkbox
            size="xs"
            aria-label={t("entity.flagOf", { flag: t(`entity.${key}`), field: name })}
            checked={field[key] === true}
            onChange={(event) => flag(key, event.currentTarget.checked)}
          />
        </Table.Td>
      ))}
      <Table.Td>
        {field["type"] === "string" && (
          <TagsInput size="xs" aria-label={t("entity.enumOf", { field: name })} value={((field["enum"] ?? []) as unknown[]).map(String)} onChange={setEnum} />
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={2} wrap="nowrap">
          <ActionIcon variant="subtle" color="gray" disabled={first} onClick={() => onMove(-1)} aria-label={t("entity.up", { field: name })}>
            <Icon name="up" size={14} />
          </ActionIcon>
          <ActionIcon variant="subtle" color="gray" disabled={last} onClick={() => onMove(1)} aria-label={t("entity.down", { field: name })}>
            <Icon name="down" size={14} />
          </ActionIcon>
          <ActionIcon variant="subtle" color="red" onClick={onRemove} aria-label={t("entity.remove", { field: name })}>
            <Icon name="trash" size={14} />
          </ActionIcon>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
