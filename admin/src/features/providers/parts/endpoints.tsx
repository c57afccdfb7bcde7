import { Button, Card, Code, CopyButton, Table, Title } from "@mantine/core";
import { useTranslation } from "../../../words/translator";

/** The addresses that the provider must know. */
export function Endpoints({ endpoints }: { endpoints: Record<string, string> }) {
  const { t } = useTranslation();
  return (
    <Card withBorder>
      <Title order={3} size="h5">
        {t("providers.endpoints")}
      </Title>
      <Table withRowBorders={false}>
        <Table.Tbody>
          {Object.entries(endpoints)
            .filter(([name]) => name !== "start" && name !== "login")
            .map(([name, path]) => (
              <Table.Tr key={name}>
                <Table.Td>{t(`providers.endpoint.${name}`)}</Table.Td>
                <Table.Td>
                  <Code style={{ wordBreak: "break-all" }}>{whole(path)}</Code>
                </Table.Td>
                <Table.Td>
                  <CopyButton value={whole(path)}>
                    {({ copied, copy }) => (
                      <Button size="compact-xs" variant="default" onClick={copy}>
                        {copied ? t("action.copied") : t("action.copy")}
                      </Button>
                    )}
                  </CopyButton>
                </Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function whole(path: string): string {
  return new URL(path, globalThis.location.origin).href;
}
