import { Accordion, Group, Stack, Title } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { cancelNames, entityOf, pathsOf, stepNames } from "../../../model/workflow-names";
import { renameValue } from "../../../model/workflow-rename";
import { NamedExpressionKey } from "../parts/expression-key";
import { ChoiceKey, SuggestedKey, SwitchKey } from "../parts/keys";
import { Nested, useScope } from "../parts/scope";
import { useBuilder } from "./context";
import { FIELD_TYPES } from "./form-builder";
import { Pairs } from "./pairs";
import { Trigger } from "./trigger";

/** What starts the workflow, what it knows then, and when it is cancelled. */
export function StartPanel() {
  const { t } = useTranslation();
  const { app, definition, change } = useBuilder();
  const { document } = useScope();
  const schema = useAppSchema(app);
  const { steps: _steps, context: _context, now: _now, ...atStart } = stepNames(definition, schema);
  const known = ["record_id", ...pathsOf(atStart)];
  const rename = (key: string) => (before: string, after: string) => change(renameValue(definition, [key], before, after));
  const opened = [...(document["context"] === undefined ? [] : ["context"]), ...(document["inputs"] === undefined ? [] : ["inputs"])];
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        {t("flow.start")}
      </Title>
      <Nested name="trigger">
        <Trigger />
      </Nested>
      <Accordion multiple defaultValue={opened} variant="contained" chevronPosition="left" styles={{ content: { padding: 8 }, label: { fontSize: 14, paddingBlock: 8 } }}>
        <Accordion.Item value="context">
          <Accordion.Control>{t("workflow.context")}</Accordion.Control>
          <Accordion.Panel>
            <Pairs name="context" label="workflow.context" add="flow.addValue" help="flow.contextHelp" blank="record.id" wish="value" onRename={rename("context")}>
              {(name) => <PathOf name={name} paths={known} />}
            </Pairs>
          </Accordion.Panel>
        </Accordion.Item>
        <Accordion.Item value="inputs">
          <Accordion.Control>{t("flow.inputs")}</Accordion.Control>
          <Accordion.Panel>
            <Pairs name="inputs" label="flow.inputs" add="flow.addValue" help="flow.inputsHelp" blank={{ type: "string" }} wish="input" onRename={rename("inputs")}>
              {(name) => (
                <Nested name={name}>
                  <Group gap="xs" align="center">
                    <ChoiceKey name="type" values={FIELD_TYPES} required w={120} />
                    <SwitchKey name="required" label="flow.required" otherwise={false} />
                  </Group>
                </Nested>
              )}
            </Pairs>
          </Accordion.Panel>
        </Accordion.Item>
        {entityOf(definition) !== undefined && (
          <Accordion.Item value="cancel">
            <Accordion.Control>{t("flow.cancelWhen")}</Accordion.Control>
            <Accordion.Panel>
              <NamedExpressionKey name="cancel_when" label="flow.cancelWhen" names={cancelNames(definition, schema)} />
            </Accordion.Panel>
          </Accordion.Item>
        )}
      </Accordion>
    </Stack>
  );
}

function PathOf({ name, paths }: { name: string; paths: string[] }) {
  return <SuggestedKey name={name} label="flow.path" values={paths} required />;
}
