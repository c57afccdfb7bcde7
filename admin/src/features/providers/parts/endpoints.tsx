import { Alert, Button, Code, CopyButton, Table } from "@mantine/core";
import { useTranslation } from "../../../words/translator";

/** The addresses that the provider must know. */
export function Endpoints({ endpoints }: { endpoints: Record<string, string> }) {
  const { t } = useTranslation();
  return (
    <Alert title={t("providers.endpoints")}>
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
    </Alert>
  );
}

function whole(path: string): string {
  return new URL(path, globalThis.location.origin).href;
}
