import { Group, SegmentedControl, Select, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { useRoles } from "../../../api/roles";
import { ACTION_TYPES } from "../../../model/workflow";
import { ChoiceKey, EntityKey, FieldKey, LongTextKey, SuggestedKey, SwitchKey, TextKey, ValueKey } from "../parts/keys";
import { Rows } from "../parts/rows";
import { Nested, useKey, useScope } from "../parts/scope";
import { Pairs } from "./pairs";
import { DefinitionKey, NumbersKey, PathKey, TemplateKey, UserKey } from "./text-keys";

const METHODS = ["POST", "PUT", "PATCH", "GET", "DELETE"];
const ON_RECORD = ["set_field", "update_record", "delete_record", "transition", "add_comment"];

/** What an action step does, in order. */
export function Actions() {
  return (
    <Rows name="actions" label="actions.title" add="actions.add" blank={{ type: "set_field" }} vertical>
      {() => <ActionKeys />}
    </Rows>
  );
}

function ActionKeys() {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const type = String(document["type"]);
  const about = ["entity", "record_id"].filter((key) => document[key] !== undefined).map((key) => [key, document[key]]);
  return (
    <>
      <Group gap="xs" align="flex-end">
        <Select
          size="xs"
          w={170}
          label={t("key.actionType")}
          allowDeselect={false}
          data={ACTION_TYPES.map((each) => ({ value: each, label: t(`flow.action.${each}`) }))}
          value={type}
          onChange={(picked) => picked && onChange({ type: picked, ...Object.fromEntries(about) })}
        />
        {(ON_RECORD.includes(type) || type === "create_record") && <EntityKey name="entity" required w={150} />}
        {ON_RECORD.includes(type) && <PathKey name="record_id" required w={190} />}
        <ShortKeys type={type} />
      </Group>
      <LongKeys type={type} />
    </>
  );
}

function ShortKeys({ type }: { type: string }) {
  const { app, document } = useScope();
  const machines = useAppSchema(app).entities.find((each) => each.name === document["entity"])?.state_machines ?? [];
  switch (type) {
    case "set_field":
      return (
        <>
          <FieldKey name="field" entity={document["entity"]} required w={140} />
          <TemplateKey name="value" entityNow w={190} />
        </>
      );
    case "transition":
      return (
        <>
          {machines.length > 1 && <ChoiceKey name="field" values={machines.map((each) => each.field)} w={140} />}
          <SuggestedKey name="to" values={machines.flatMap((each) => each.transitions.map((move) => move.to))} required w={150} />
        </>
      );
    case "webhook":
      return (
        <>
          <TextKey name="url" required w={240} />
          <ChoiceKey name="method" values={METHODS} w={100} />
        </>
      );
    case "send_event":
      return <TextKey name="event" required w={200} />;
    case "send_notification":
      return <DefinitionKey name="channel" kind="notification-channels" more={["in_app", "email"]} required w={150} />;
    default:
      return null;
  }
}

function LongKeys({ type }: { type: string }) {
  const { app, document } = useScope();
  const fields = useAppSchema(app).entities.find((each) => each.name === document["entity"])?.fields.map((field) => field.name) ?? [];
  switch (type) {
    case "create_record":
    case "update_record":
      return (
        <Pairs name="fields" label="flow.fields" add="flow.addValue" blank="" wish="field" suggestions={fields}>
          {(name) => <ValueOf name={name} />}
        </Pairs>
      );
    case "send_event":
      return (
        <Pairs name="payload" label="flow.payload" add="flow.addValue" blank="" wish="value">
          {(name) => <ValueOf name={name} />}
        </Pairs>
      );
    case "webhook":
      return <WebhookKeys />;
    case "send_notification":
      return (
        <>
          <Template />
          <Recipients />
        </>
      );
    case "add_comment":
      return <LongTextKey name="body" required />;
    default:
      return null;
  }
}

function ValueOf({ name }: { name: string }) {
  return <TemplateKey name={name} label="key.value" />;
}

function WebhookKeys() {
  const { document } = useScope();
  return (
    <Stack gap="xs">
      <Pairs name="headers" label="key.headers" add="flow.addValue" blank="" wish="X-Header">
        {(name) => <ValueOf name={name} />}
      </Pairs>
      <Group gap="xs" align="flex-end">
        <ValueKey name="body" label="flow.body" w={260} />
        <SwitchKey name="wait" label="flow.waitAnswer" otherwise={false} />
        {document["wait"] === true && <NumbersKey name="accept" label="flow.accept" w={150} />}
      </Group>
    </Stack>
  );
}

/** A stored template by its name, or words of its own. */
function Template() {
  const { t } = useTranslation();
  const [value, set] = useKey("template");
  const isOwn = typeof value === "object" && value !== null;
  return (
    <Stack gap={4}>
      <SegmentedControl size="xs" aria-label={t("flow.template")} value={isOwn ? "own" : "stored"} onChange={(picked) => set(picked === "own" ? { subject: "", body: "" } : "")} data={["stored", "own"].map((each) => ({ value: each, label: t(`flow.template.${each}`) }))} />
      {isOwn ? (
        <Nested name="template">
          <TextKey name="subject" required />
          <LongTextKey name="body" required />
        </Nested>
      ) : (
        <DefinitionKey name="template" kind="notification-templates" label="flow.template" required w={240} />
      )}
    </Stack>
  );
}

const RECIPIENTS = ["role", "user", "email", "path", "initiator"];

function Recipients() {
  return (
    <Rows name="to" label="flow.recipients" add="flow.addRecipient" blank={{ initiator: true }}>
      {() => <RecipientKeys />}
    </Rows>
  );
}

function RecipientKeys() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const roles = useRoles(app);
  const who = RECIPIENTS.find((key) => document[key] !== undefined) ?? "role";
  return (
    <>
      <Select size="xs" w={130} label={t("flow.who")} allowDeselect={false} data={RECIPIENTS.map((each) => ({ value: each, label: t(`flow.who.${each}`) }))} value={who} onChange={(picked) => picked && onChange({ [picked]: picked === "initiator" ? true : "" })} />
      {who === "role" && <SuggestedKey name="role" label="flow.who.role" values={roles} required w={180} />}
      {who === "user" && <UserKey name="user" label="flow.who.user" required w={220} />}
      {who === "email" && <TextKey name="email" label="flow.who.email" required w={220} />}
      {who === "path" && <PathKey name="path" label="flow.who.path" required w={220} />}
    </>
  );
}
