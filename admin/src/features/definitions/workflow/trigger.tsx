import { Fieldset, Group, Select, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { TRIGGER_TYPES } from "../../../model/workflow";
import { triggerNames } from "../../../model/workflow-names";
import { NamedExpressionKey } from "../parts/expression-key";
import { ChoiceKey, EntityKey, RolesKey, SuggestedKey, TagsKey, TextKey, ValueKey } from "../parts/keys";
import { useProblem, useScope } from "../parts/scope";
import { useBuilder } from "./context";
import { FormBuilder } from "./form-builder";

const CRONS = ["0 9 * * 1-5", "0 0 * * *", "*/15 * * * *", "0 9 1 * *", "0 8 * * 1"];
const timezones = () => ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** What starts an instance: its type, and the keys of that type. */
export function Trigger() {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const type = String(document["type"] ?? "");
  const retype = (picked: string | null) => picked && onChange({ type: picked, ...(document["entity"] && picked !== "event" ? { entity: document["entity"] } : {}), ...(picked === "schedule" ? { cron: CRONS[0] } : {}) });
  return (
    <Fieldset legend={t("flow.trigger")} p="xs">
      <Stack gap="xs">
        <Select
          size="xs"
          label={t("flow.triggerType")}
          error={useProblem("type")}
          allowDeselect={false}
          data={TRIGGER_TYPES.map((each) => ({ value: each, label: t(`flow.trigger.${each}`) }))}
          value={type}
          onChange={retype}
        />
        {type === "state_change" && <StateChange />}
        {type.startsWith("record_") && <RecordKeys isUpdate={type === "record_updated"} />}
        {type === "event" && (
          <>
            <TextKey name="event" required />
            <ConditionKey />
          </>
        )}
        {type === "schedule" && <Schedule />}
        {type === "manual" && (
          <>
            <Group gap="xs" align="flex-end">
              <EntityKey name="entity" w={180} />
              <RolesKey name="roles" label="flow.startRoles" w={220} />
            </Group>
            <FormBuilder decides={false} />
          </>
        )}
      </Stack>
    </Fieldset>
  );
}

function ConditionKey() {
  const { app, definition } = useBuilder();
  return <NamedExpressionKey name="condition" names={triggerNames(definition, useAppSchema(app))} />;
}

function StateChange() {
  const { app, document } = useScope();
  const machines = useAppSchema(app).entities.find((each) => each.name === document["entity"])?.state_machines ?? [];
  const machine = machines.find((each) => each.field === document["field"]);
  const states = machine ? [machine.initial, ...machine.transitions.map((each) => each.to)] : [];
  return (
    <Group gap="xs" align="flex-end">
      <EntityKey name="entity" required w={150} />
      <ChoiceKey name="field" values={machines.map((each) => each.field)} required w={130} />
      <TagsOrNone name="from" suggestions={states} />
      <SuggestedKey name="to" values={states} required w={130} />
    </Group>
  );
}

/** States that it changes from; none is any. */
function TagsOrNone({ name, suggestions }: { name: string; suggestions: string[] }) {
  return <TagsKey name={name} label="flow.fromStates" suggestions={suggestions} w={160} />;
}

function RecordKeys({ isUpdate }: { isUpdate: boolean }) {
  const { app, document } = useScope();
  const fields = useAppSchema(app).entities.find((each) => each.name === document["entity"])?.fields.map((field) => field.name) ?? [];
  return (
    <>
      <Group gap="xs" align="flex-end">
        <EntityKey name="entity" required w={180} />
        {isUpdate && <TagsKey name="fields" label="flow.changedFields" suggestions={fields} w={260} />}
      </Group>
      <ConditionKey />
    </>
  );
}

function Schedule() {
  const { document } = useScope();
  return (
    <Group gap="xs" align="flex-end">
      <SuggestedKey name="cron" label="flow.cron" values={CRONS} required w={150} />
      <SuggestedKey name="timezone" label="flow.timezone" values={timezones()} w={170} />
      <EntityKey name="entity" label="flow.perRecord" w={170} />
      {document["entity"] !== undefined && <ValueKey name="filter" label="flow.filter" w={220} />}
    </Group>
  );
}
