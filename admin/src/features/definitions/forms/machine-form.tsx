import { Group, SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { type MachineTransition, machineGraph, statesOf } from "../../../model/machine";
import { LazyGraph } from "../../../ui/graph/lazy";
import { ActionRows } from "../parts/action-rows";
import { EntityKey, FieldKey, RolesKey, SuggestedKey, SwitchKey, TagsKey } from "../parts/keys";
import { ExpressionKey } from "../parts/expression-key";
import { MachineTrial } from "../parts/machine-trial";
import { Rows } from "../parts/rows";
import { DocumentScope, Nested, useScope } from "../parts/scope";
import type { Document } from "../queries";

/** A state machine: a picture of it, and its transitions as a table. */
export default function MachineForm() {
  const { app, document, onChange } = useScope();
  const entities = useAppSchema(app).entities;
  // A machine without states begins where its field begins.
  const begin = (next: Document) => {
    const definition = (next["definition"] ?? {}) as Document;
    const field = entities.find((entity) => entity.name === next["entity"])?.fields.find((each) => each.name === next["field"]);
    const isOpen = next["field"] !== document["field"] && !definition["initial"] && typeof field?.default === "string";
    onChange(isOpen ? { ...next, definition: { ...definition, initial: field.default } } : next);
  };
  return (
    <Stack>
      <DocumentScope app={app} document={document} onChange={begin}>
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <EntityKey name="entity" required />
          <FieldKey name="field" entity={document["entity"]} types={["string", "text"]} required />
        </SimpleGrid>
      </DocumentScope>
      <Nested name="definition">
        <Body entity={String(document["entity"] ?? "")} field={String(document["field"] ?? "")} />
      </Nested>
      <SwitchKey name="active" otherwise />
      <MachineTrial />
    </Stack>
  );
}

function Body({ entity, field }: { entity: string; field: string }) {
  const { t } = useTranslation();
  const { document } = useScope();
  const transitions = (document["transitions"] ?? []) as MachineTransition[];
  const states = [...new Set([...statesOf(document["initial"], transitions), ...useValues(entity, field)])];
  return (
    <>
      <LazyGraph graph={machineGraph(document["initial"], transitions)} label={t("machine.picture", { field })} />
      <SuggestedKey name="initial" values={states} required w={220} />
      <Rows name="transitions" label="machine.transitions" add="machine.add" blank={{ from: "", to: "" }} vertical>
        {() => (
          <>
            <Group gap="xs" align="flex-end">
              <TagsKey name="from" suggestions={states} single required w={220} />
              <SuggestedKey name="to" values={states} required w={180} />
              <RolesKey name="roles" w={220} />
            </Group>
            <ExpressionKey name="guard" place="guard" entity={entity} />
            <ActionRows name="actions" entity={entity} />
          </>
        )}
      </Rows>
    </>
  );
}

function useValues(entity: string, field: string): string[] {
  const { app } = useScope();
  const found = useAppSchema(app).entities.find((each) => each.name === entity)?.fields.find((each) => each.name === field);
  return (found?.enum ?? []).map(String);
}
