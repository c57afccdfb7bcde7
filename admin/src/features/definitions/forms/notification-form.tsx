import { Group, Select, SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useRoles } from "../../../api/roles";
import { ChoiceKey, EntityKey, LongTextKey, SuggestedKey, SwitchKey, TextKey } from "../parts/keys";
import { ExpressionKey } from "../parts/expression-key";
import { Rows } from "../parts/rows";
import { Nested, useScope } from "../parts/scope";

const HOOKS = ["after_create", "after_update", "after_write", "after_delete"];
const RECIPIENTS = ["role", "user", "email", "path"] as const;

/** A notification rule: when, to whom, and in which words. */
export default function NotificationForm() {
  const { document } = useScope();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
        <TextKey name="name" required />
        <EntityKey name="entity" required orComments />
        <ChoiceKey name="hook" values={HOOKS} required />
        <ChoiceKey name="channel" values={["email", "in_app"]} required />
      </SimpleGrid>
      <ExpressionKey name="condition" place="notification" entity={document["entity"]} />
      <Rows name="recipients" label="notification.recipients" add="notification.addRecipient" blank={{ role: "admin" }}>
        {() => <Recipient />}
      </Rows>
      <Nested name="template">
        <TextKey name="subject" />
        <LongTextKey name="body" required />
      </Nested>
      <SwitchKey name="active" otherwise />
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
        w={140}
        label={t("notification.recipientKind")}
        data={RECIPIENTS.map((each) => ({ value: each, label: t(`notification.by_${each}`) }))}
        value={kind}
        allowDeselect={false}
        onChange={(picked) => picked && onChange({ [picked]: "" })}
      />
      <SuggestedKey name={kind} label={`notification.by_${kind}`} values={kind === "role" ? roles : []} required w={260} />
    </Group>
  );
}
