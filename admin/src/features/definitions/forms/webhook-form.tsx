import { Fieldset, Group, SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { ChoiceKey, EntityKey, NumberKey, SwitchKey, TextKey } from "../parts/keys";
import { ExpressionKey } from "../parts/expression-key";
import { Headers } from "../parts/headers";
import { Nested, useScope } from "../parts/scope";

const HOOKS = ["after_write", "before_write", "after_delete", "before_delete"];
const METHODS = ["POST", "PUT", "PATCH", "GET", "DELETE"];

/** A webhook: which changes, where to, and what happens when the receiver gives no answer. */
export default function WebhookForm() {
  const { t } = useTranslation();
  const { document } = useScope();
  const asks = document["async"] === false;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
        <EntityKey name="entity" required orComments />
        <ChoiceKey name="hook" values={HOOKS} required />
        <TextKey name="url" required />
        <ChoiceKey name="method" values={METHODS} />
      </SimpleGrid>
      <ExpressionKey name="condition" place="webhook" entity={document["entity"]} />
      <Headers />
      <Group>
        <SwitchKey name="async" otherwise />
        <SwitchKey name="ordered" otherwise={false} />
        <SwitchKey name="active" otherwise />
      </Group>
      <Group align="flex-end">
        <NumberKey name="timeout" />
        {asks && <ChoiceKey name="on_failure" values={["reject", "allow"]} w={140} />}
      </Group>
      {!asks && (
        <Nested name="retry">
          <Fieldset legend={t("webhook.retry")} p="sm">
            <Group align="flex-end">
              <NumberKey name="max_attempts" min={1} />
              <ChoiceKey name="backoff" values={["exponential", "linear"]} w={150} />
              <NumberKey name="delay" />
              <NumberKey name="max_delay" />
              <NumberKey name="jitter" />
            </Group>
          </Fieldset>
        </Nested>
      )}
    </Stack>
  );
}
