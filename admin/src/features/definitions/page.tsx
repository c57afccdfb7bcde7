import { Anchor, Badge, Button, Loader, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { timestampCell } from "../../fields/moments";
import { definitionsQuery, handleOf, titleOf } from "./queries";

/** All definitions of a kind. */
export function DefinitionsPage() {
  const { t } = useTranslation();
  const { app, kind } = useParams({ from: "/$app/define/$kind" });
  const list = useQuery(definitionsQuery(app, kind));
  return (
    <Page
      title={t(`kind.${kind}`)}
      help={t(`kindHelp.${kind}`)}
      actions={
        <Button component={Link} to={`/${app}/define/${kind}/new`} size="xs" leftSection={<Icon name="plus" size={14} />}>
          {t("definitions.new")}
        </Button>
      }
    >
      {list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : list.data.length === 0 ? (
        <Text c="dimmed">{t("definitions.none")}</Text>
      ) : (
        <Table.ScrollContainer minWidth={480}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("definitions.name")}</Table.Th>
                <Table.Th>{t("definitions.state")}</Table.Th>
                <Table.Th>{t("definitions.changed")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.data.map((row) => (
                <Table.Tr key={handleOf(kind, row)}>
                  <Table.Td>
                    <Anchor component={Link} to={`/${app}/define/${kind}/${encodeURIComponent(handleOf(kind, row))}`}>
                      {titleOf(row)}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    {row["active"] === false ? <Badge variant="dot" color="gray">{t("definitions.inactive")}</Badge> : row["circuit"] ? <Status value={String(row["circuit"])} label={t(`endpoint.circuit.${String(row["circuit"])}`)} /> : null}
                  </Table.Td>
                  <Table.Td>{row["updated_at"] ? timestampCell(row["updated_at"]) : ""}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Page>
  );
}
