import { Group, SegmentedControl, Select, SimpleGrid, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useAppSchema } from "../../../api/app-schema";
import { useRoles } from "../../../api/roles";
import { SOURCES, type Source, sourceOf, withSource } from "../../../model/notifications";
import { useTranslation } from "../../../words/translator";
import { NamedExpressionKey, ExpressionKey } from "../parts/expression-key";
import { ChoiceKey, EntityKey, LongTextKey, SuggestedKey, SwitchKey, TextKey } from "../parts/keys";
import { Rows } from "../parts/rows";
import { Nested, useScope } from "../parts/scope";
import { definitionsQuery } from "../queries";

const HOOKS = ["after_create", "after_update", "after_write", "after_delete"];
const OCCASIONS = ["approval_requested", "reminder", "escalated", "decided", "approved", "rejected", "timed_out", "completed", "failed", "cancelled"];
const RECIPIENTS = ["role", "user", "email", "path", "initiator", "mentioned"] as const;
const FLAGS: readonly string[] = ["initiator", "mentioned"];
const BUILT_IN = ["email", "in_app"];

/** The names of all definitions of a kind. */
function useNames(kind: string): string[] {
  const { app } = useScope();
  return (useQuery(definitionsQuery(app, kind)).data ?? []).map((row) => String(row["name"]));
}

/** A notification rule: of what, to whom, by which channel, and in which words. */
export default function NotificationForm() {
  const channels = useNames("notification-channels");
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextKey name="name" required />
        <ChoiceKey name="channel" values={[...new Set([...BUILT_IN, ...channels])]} required />
      </SimpleGrid>
      <Occasion />
      <Rows name="recipients" label="notification.recipients" add="notification.addRecipient" blank={{ role: "admin" }}>
        {() => <Recipient />}
      </Rows>
      <Wording />
      <Group>
        <SwitchKey name="tell_actor" otherwise={false} />
        <SwitchKey name="active" otherwise />
      </Group>
    </Stack>
  );
}

/** What a rule tells of: changes of records, a business event, or what happens to workflows. */
function Occasion() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const first = useAppSchema(app).entities[0]?.name ?? "";
  const workflows = useNames("workflows");
  const source = sourceOf(document);
  const pick = (next: string) => onChange(withSource(document, next as Source, next === "entity" ? first : next === "workflow" ? "*" : ""));
  return (
    <Stack gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t("notification.source")}
        data={SOURCES.map((each) => ({ value: each, label: t(`notification.of_${each}`) }))}
        value={source}
        onChange={pick}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {source === "entity" && <EntityKey name="entity" required orComments />}
        {source === "entity" && <ChoiceKey name="hook" values={HOOKS} required />}
        {source === "event" && <TextKey name="event" required />}
        {source === "workflow" && <ChoiceKey name="workflow" label="notification.of_workflow" values={["*", ...workflows]} required />}
        {source === "workflow" && <ChoiceKey name="on" label="notification.on" values={OCCASIONS} required />}
      </SimpleGrid>
      {source === "entity" ? (
        <ExpressionKey name="condition" place="notification" entity={document["entity"]} />
      ) : (
        <NamedExpressionKey name="condition" names={{ [source]: { members: {} }, record: { members: {} }, user: { members: {} }, now: { type: "timestamp" } }} />
      )}
    </Stack>
  );
}

/** The text: of a template, or of its own. */
function Wording() {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const templates = useNames("notification-templates");
  const isNamed = typeof document["template"] === "string";
  return (
    <Stack gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t("notification.wording")}
        data={[
          { value: "own", label: t("notification.ownText") },
          { value: "named", label: t("notification.namedTemplate") },
        ]}
        value={isNamed ? "named" : "own"}
        onChange={(next) => onChange({ ...document, template: next === "named" ? (templates[0] ?? "") : { subject: "", body: "" } })}
      />
      {isNamed ? (
        <ChoiceKey name="template" label="notification.namedTemplate" values={templates} required />
      ) : (
        <Nested name="template">
          <TextKey name="subject" />
          <LongTextKey name="body" required />
        </Nested>
      )}
    </Stack>
  );
}

function Recipient() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const roles = useRoles(app);
  const kind = RECIPIENTS.find((each) => each in document) ?? "role";
  return (
    <Group gap="xs" align="flex-end">
      <Select
        size="xs"
        w={170}
        label={t("notification.recipientKind")}
        data={RECIPIENTS.map((each) => ({ value: each, label: t(`notification.by_${each}`) }))}
        value={kind}
        allowDeselect={false}
        onChange={(picked) => picked && onChange({ [picked]: FLAGS.includes(picked) ? true : "" })}
      />
      {!FLAGS.includes(kind) && <SuggestedKey name={kind} label={`notification.by_${kind}`} values={kind === "role" ? roles : []} required w={260} />}
    </Group>
  );
}
