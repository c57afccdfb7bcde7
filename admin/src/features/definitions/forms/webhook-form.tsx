import { Fieldset, Group, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { ChoiceKey, EntityKey, NumberKey, SwitchKey, TextKey } from "../parts/keys";
import { ExpressionKey } from "../parts/expression-key";
import { Nested, useKey, useScope } from "../parts/scope";

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

/** Further headers, a line each; an emptied name takes a header away. */
function Headers() {
  const { t } = useTranslation();
  const [value, set] = useKey("headers");
  const headers = (value ?? {}) as Record<string, string>;
  const put = (before: string, name: string, text: string) => {
    const entries = Object.entries(headers).map(([key, old]): [string, string] => (key === before ? [name, text] : [key, old]));
    if (before === "") entries.push([name, text]);
    const kept = entries.filter(([key]) => key !== "");
    set(kept.length > 0 ? Object.fromEntries(kept) : undefined);
  };
  return (
    <Fieldset legend={t("key.headers")} p="sm">
      <Stack gap={4}>
        {[...Object.keys(headers), ""].map((name, at) => (
          <Group key={at} gap="xs" wrap="nowrap">
            <TextInput
              size="xs"
              w={200}
              aria-label={t("webhook.headerName")}
              placeholder={t("webhook.headerName")}
              defaultValue={name}
              onBlur={(event) => event.currentTarget.value !== name && put(name, event.currentTarget.value, headers[name] ?? "")}
            />
            {name !== "" && (
              <TextInput size="xs" flex={1} aria-label={t("webhook.headerValue", { name })} value={headers[name]} onChange={(event) => put(name, name, event.currentTarget.value)} />
            )}
          </Group>
        ))}
      </Stack>
    </Fieldset>
  );
}
