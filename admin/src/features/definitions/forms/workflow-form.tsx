import { Autocomplete, Fieldset, Group, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useAppSchema } from "../../../api/app-schema";
import { useRoles } from "../../../api/roles";
import { type Step, targetStep, targetsOf, workflowGraph } from "../../../model/workflow";
import { LazyGraph } from "../../../ui/graph/lazy";
import { ActionRows } from "../parts/action-rows";
import { ChoiceKey, EntityKey, SuggestedKey, SwitchKey, TextKey } from "../parts/keys";
import { ContextExpressionKey } from "../parts/expression-key";
import { Rows } from "../parts/rows";
import { Nested, useKey, useScope } from "../parts/scope";
import type { Document } from "../queries";

const STEP_TYPES = ["action", "condition", "approval"];
const END = "end";

/** A workflow: a picture of it, its trigger, and its steps as an outline that a keyboard is enough for. */
export default function WorkflowForm() {
  const { t } = useTranslation();
  const { document } = useScope();
  const steps = (document["steps"] ?? []) as Step[];
  const context = Object.keys((document["context"] ?? {}) as Document);
  return (
    <Stack>
      <LazyGraph graph={workflowGraph(steps)} label={t("workflow.picture")} />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextKey name="name" required />
      </SimpleGrid>
      <Nested name="trigger">
        <Trigger />
      </Nested>
      <Nested name="context">
        <Context />
      </Nested>
      <Rows name="steps" label="workflow.steps" add="workflow.addStep" blank={blankStep("", "action")} vertical>
        {() => <StepKeys ids={steps.map((step) => String(step.id ?? ""))} context={context} />}
      </Rows>
      <SwitchKey name="active" otherwise />
    </Stack>
  );
}

function Trigger() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const machines = useAppSchema(app).entities.find((each) => each.name === document["entity"])?.state_machines ?? [];
  const machine = machines.find((each) => each.field === document["field"]);
  const states = machine ? [machine.initial, ...machine.transitions.map((each) => each.to)] : [];
  return (
    <Fieldset legend={t("workflow.trigger")} p="sm">
      <Group gap="xs" align="flex-end">
        <EntityKey name="entity" required w={200} />
        <ChoiceKey name="field" values={machines.map((each) => each.field)} required w={180} />
        <SuggestedKey name="to" values={states} required w={180} />
      </Group>
    </Fieldset>
  );
}

/** Names for values of the record: a line each, and one more to type a new name into. */
function Context() {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const names = Object.keys(document);
  const put = (before: string, name: string, path: string) => {
    const entries: [string, unknown][] = Object.entries(document).map(([key, value]) => (key === before ? [name, path] : [key, value]));
    if (before === "") entries.push([name, path]);
    onChange(Object.fromEntries(entries.filter(([key]) => key !== "")));
  };
  return (
    <Fieldset legend={t("workflow.context")} p="sm">
      <Stack gap={4}>
        {[...names, ""].map((name, at) => (
          <Group key={at} gap="xs" wrap="nowrap">
            <TextInput
              size="xs"
              w={200}
              aria-label={t("workflow.contextName")}
              placeholder={t("workflow.contextName")}
              defaultValue={name}
              onBlur={(event) => event.currentTarget.value !== name && put(name, event.currentTarget.value, String(document[name] ?? "record.id"))}
            />
            {name !== "" && (
              <TextInput
                size="xs"
                flex={1}
                classNames={{ input: "rk-mono" }}
                aria-label={t("workflow.contextPath", { name })}
                value={String(document[name] ?? "")}
                onChange={(event) => onChange({ ...document, [name]: event.currentTarget.value })}
              />
            )}
          </Group>
        ))}
      </Stack>
    </Fieldset>
  );
}

function StepKeys({ ids, context }: { ids: string[]; context: string[] }) {
  const { document, onChange } = useScope();
  const type = String(document["type"]);
  const others = ids.filter((id) => id !== "" && id !== document["id"]);
  return (
    <>
      <Group gap="xs" align="flex-end">
        <TextKey name="id" label="key.stepId" required w={180} />
        <ChoiceKey name="type" label="key.stepType" values={STEP_TYPES} required w={140} onPick={(picked) => picked && onChange(blankStep(String(document["id"] ?? ""), picked))} />
        {targetsOf(type).map((key) => (
          <TargetKey key={key} name={key} others={others} />
        ))}
      </Group>
      {type === "condition" && <ContextExpressionKey name="expression" context={context} required />}
      {type === "approval" && (
        <Group gap="xs" align="flex-end">
          <Nested name="assignee">
            <AssigneeKey />
          </Nested>
          <TextKey name="timeout" hint="72h" w={120} />
        </Group>
      )}
      {type === "action" && <ActionRows name="actions" types={["set_field", "webhook"]} />}
    </>
  );
}

function blankStep(id: string, type: string): Document {
  if (type === "condition") return { id, type, expression: "", on_true: END, on_false: END };
  if (type === "approval") return { id, type, assignee: { type: "role", role: "admin" }, on_approve: END, on_reject: END };
  return { id, type, actions: [] };
}

/** Where a step leads: another step, or the end. */
function TargetKey({ name, others }: { name: string; others: string[] }) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const chosen = targetStep(value);
  return (
    <Select
      size="xs"
      w={160}
      label={t(`key.${name}`)}
      data={[...new Set([END, ...others, chosen])]}
      value={chosen}
      allowDeselect={false}
      onChange={(picked) => picked && set(picked === END ? END : { goto: picked })}
    />
  );
}

function AssigneeKey() {
  const { app, document, onChange } = useScope();
  const roles = useRoles(app);
  const { t } = useTranslation();
  return (
    <Autocomplete
      size="xs"
      w={200}
      label={t("key.assigneeRole")}
      data={roles}
      value={String(document["role"] ?? "")}
      onChange={(role) => onChange({ type: "role", role })}
    />
  );
}
