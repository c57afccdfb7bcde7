import { Badge, Code, Group, Stack, Table, Tabs, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { Exchange } from "../../../api/exchange";
import { JsonView } from "../../../ui/json-view";
import { LinkButton } from "../../../ui/link-button";

const TRACE = "x-trace-id";

/** What came back: the status, the body, the headers, and the way to the trace of the request. */
export function Answer({ app, answer }: { app: string; answer: Exchange }) {
  const { t } = useTranslation();
  const trace = answer.headers.find(([name]) => name === TRACE)?.[1];
  const isJson = answer.headers.some(([name, value]) => name === "content-type" && value.includes("json"));
  return (
    <Stack gap="xs" component="section" aria-label={t("api.answer")} aria-live="polite">
      <Group gap="sm">
        <Badge variant="light" radius="sm" color={answer.status < 400 ? "teal" : "red"} c="var(--mantine-color-text)">
          {answer.status}
        </Badge>
        <Text size="sm" c="dimmed">
          {t("api.took", { ms: answer.ms.toFixed(0), size: new Intl.NumberFormat().format(answer.text.length) })}
        </Text>
        {trace && (
          <LinkButton size="compact-xs" variant="subtle" to="/$app/events/$trace" params={{ app, trace }}>
            {t("api.trace")}
          </LinkButton>
        )}
      </Group>
      {answer.isCut && (
        <Text size="sm" c="dimmed">
          {t("api.cut")}
        </Text>
      )}
      <Tabs defaultValue="body">
        <Tabs.List>
          <Tabs.Tab value="body">{t("api.body")}</Tabs.Tab>
          <Tabs.Tab value="headers">{t("api.headers")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="body" pt="xs">
          {answer.text === "" ? <Text c="dimmed">{t("api.noBody")}</Text> : isJson ? <JsonView value={answer.text} /> : <Code block>{answer.text}</Code>}
        </Tabs.Panel>
        <Tabs.Panel value="headers" pt="xs">
          <Table>
            <Table.Tbody>
              {answer.headers.map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row">{name}</Table.Th>
                  <Table.Td className="rk-mono rk-break">{value}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
