import { Group, SimpleGrid, Stack } from "@mantine/core";
import { useAppSchema } from "../../../api/app-schema";
import type { Load } from "../../../model/expressions";
import { ChoiceKey, EntityKey, FieldKey, NumberKey, SuggestedKey, SwitchKey, TextKey, ValueKey } from "../parts/keys";
import { ExpressionKey } from "../parts/expression-key";
import { Rows } from "../parts/rows";
import { Nested, useKey, useScope } from "../parts/scope";
import { RuleTrial } from "../parts/rule-trial";

const HOOKS = ["before_write", "before_delete", "after_write"];
const TYPES = ["field", "expression", "computed"];
const OPERATORS = [
  "required", "not_empty", "min", "max", "gt", "gte", "lt", "lte", "min_length", "max_length", "pattern", "like", "eq", "neq", "in", "not_in", "enum",
];
const WITHOUT_VALUE = ["required", "not_empty"];

/** A rule: when it runs, what it asks for, and a trial on the records that are there. */
export default function RuleForm() {
  const { document, onChange } = useScope();
  const type = String(document["type"] ?? "expression");
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
        <EntityKey name="entity" required />
        <ChoiceKey name="hook" values={HOOKS} required />
        <ChoiceKey name="type" label="key.ruleType" values={TYPES} required onPick={(picked) => picked && onChange({ ...document, type: picked, definition: {} })} />
        <NumberKey name="priority" />
      </SimpleGrid>
      <Nested name="definition">
        {type === "field" ? <FieldRule entity={document["entity"]} /> : <ExpressionRule entity={document["entity"]} computed={type === "computed"} />}
        <SwitchKey name="stop_on_fail" otherwise={false} />
      </Nested>
      <SwitchKey name="active" otherwise />
      {type !== "computed" && <RuleTrial />}
    </Stack>
  );
}

function FieldRule({ entity }: { entity: unknown }) {
  const [operator] = useKey("operator");
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <FieldKey name="field" entity={entity} required />
        <ChoiceKey name="operator" values={OPERATORS} required />
        {!WITHOUT_VALUE.includes(String(operator)) && <ValueKey name="value" />}
      </SimpleGrid>
      <TextKey name="message" />
    </>
  );
}

function ExpressionRule({ entity, computed }: { entity: unknown; computed: boolean }) {
  const { document } = useScope();
  const loads = (document["related_load"] ?? []) as Load[];
  return (
    <>
      {computed && <FieldKey name="field" entity={entity} required />}
      <ExpressionKey name="expression" label={computed ? "key.valueExpression" : "key.violatedWhere"} place="rule" entity={entity} loads={loads} required />
      {!computed && <TextKey name="message" />}
      <Rows name="related_load" label="key.related_load" add="rows.addLoad" blank={{ relation: "" }}>
        {() => (
          <Group gap="xs">
            <RelationOf entity={entity} />
            <TextKey name="name" label="key.alias" />
          </Group>
        )}
      </Rows>
    </>
  );
}

function RelationOf({ entity }: { entity: unknown }) {
  return <SuggestedKey name="relation" values={useRelations(entity)} required />;
}

function useRelations(entity: unknown): string[] {
  const { app } = useScope();
  return useAppSchema(app)
    .entities.find((each) => each.name === entity)
    ?.relations.map((relation) => relation.name) ?? [];
}
