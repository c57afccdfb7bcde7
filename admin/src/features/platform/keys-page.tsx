import { Loader, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../words/translator";
import { PLATFORM } from "../../api/session";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { keysQuery } from "./queries";

/** The keys that sign the platform's access tokens. The keys themselves are never shown. */
export function SigningKeysPage() {
  const { t } = useTranslation();
  const keys = useQuery(keysQuery);
  return (
    <Page title={t("platform.keys")} help={t("platform.keysHelp")} actions={<Act app={PLATFORM} path="/signing-keys/rotate" body={{}} label={t("platform.rotate")} done={t("platform.rotated")} />}>
      {keys.error ? (
        <Failed error={keys.error} retry={() => void keys.refetch()} />
      ) : !keys.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : (
        <Table.ScrollContainer minWidth={420}>
          <Table aria-label={t("platform.keys")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("platform.generation")}</Table.Th>
                <Table.Th>{t("platform.kid")}</Table.Th>
                <Table.Th>{t("platform.created")}</Table.Th>
                <Table.Th>{t("platform.goodUntil")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {keys.data.map((key) => (
                <Table.Tr key={key.generation}>
                  <Table.Td>{key.generation}</Table.Td>
                  <Table.Td>{key.kid}</Table.Td>
                  <Table.Td>{key.created_at ? timestampCell(key.created_at) : "–"}</Table.Td>
                  <Table.Td>{key.good_until ? timestampCell(key.good_until) : t("platform.signs")}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Page>
  );
}
