import { Button, Fieldset, Group, SimpleGrid, Stack, Table } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { Icon } from "../../../ui/icons";
import { EntityOptions } from "../parts/entity-options";
import { FieldLine } from "../parts/field-line";
import { SwitchKey, TextKey } from "../parts/keys";
import { DocumentScope, useScope } from "../parts/scope";
import { ENTITY_TEMPLATES } from "../entity-templates";
import type { Document } from "../queries";
import type { FormProps } from "./props";

const FLAGS = ["required", "unique", "indexed"] as const;

/** The table of an entity whose name is being typed: of a starting point its own, else the plural. */
function tableOf(name: unknown): string {
  const known = Object.values(ENTITY_TEMPLATES).find((template) => template["name"] === name);
  return known ? String(known["table"]) : name ? `${String(name)}s` : "";
}

/** An entity: its names, a line for each field, and what is special about its records. */
export default function EntityForm({ isNew }: FormProps) {
  const { app, document, onChange } = useScope();
  const rename = (next: Document) => {
    const follows = isNew && next["name"] !== document["name"] && (!document["table"] || document["table"] === tableOf(document["name"]));
    onChange(follows ? { ...next, table: tableOf(next["name"]) } : next);
  };
  return (
    <Stack>
      {isNew && <Templates />}
      <DocumentScope app={app} document={document} onChange={rename}>
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextKey name="name" label="entity.name" required />
          <TextKey name="table" label="entity.table" required />
          <Group align="flex-end" pb={6}>
            <SwitchKey name="soft_delete" label="entity.softDelete" otherwise={false} />
          </Group>
        </SimpleGrid>
      </DocumentScope>
      <Fields />
      <EntityOptions isNew={isNew} />
    </Stack>
  );
}

/** Starting points: what a new entity begins with. */
function Templates() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const taken = new Set(useAppSchema(app).entities.map((entity) => entity.name));
  const use = (template: Document) => {
    const free = taken.has(String(template["name"])) ? {} : { name: template["name"], table: template["table"] };
    onChange({ ...document, ...free, fields: template["fields"] });
  };
  return (
    <Fieldset legend={t("template.title")} p="sm">
      <Group gap="xs">
        {Object.entries(ENTITY_TEMPLATES).map(([name, template]) => (
          <Button key={name} size="compact-sm" variant="default" onClick={() => use(template)}>
            {t(`template.${name}`)}
          </Button>
        ))}
      </Group>
    </Fieldset>
  );
}

function Fields() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const fields = (document["fields"] ?? []) as Document[];
  const set = (next: Document[]) => onChange({ ...document, fields: next });
  const move = (from: number, by: number) => {
    const next = [...fields];
    const [field] = next.splice(from, 1);
    next.splice(from + by, 0, field!);
    set(next);
  };
  // What is added is named next.
  const [added, setAdded] = useState<number>();
  const add = () => {
    set([...fields, { name: "", type: "string" }]);
    setAdded(fields.length);
  };
  return (
    <>
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
              <DocumentScope key={at} app={app} document={field} path={`fields.${at}.`} onChange={(next) => set(fields.map((each, index) => (index === at ? next : each)))}>
                <FieldLine isNew={at === added} first={at === 0} last={at === fields.length - 1} onRemove={() => set(fields.filter((_, index) => index !== at))} onMove={(by) => move(at, by)} />
              </DocumentScope>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group>
        <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={add}>
          {t("entity.addField")}
        </Button>
      </Group>
    </>
  );
}
