import { Fieldset, Group, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useKey } from "./scope";

/** Further headers, a line each; an emptied name takes a header away. */
export function Headers() {
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
