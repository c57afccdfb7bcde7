import { Group } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { JsonView } from "../../ui/json-view";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";

interface Letter {
  id: string;
  service: string;
  consumer?: string;
  reason?: string;
  error?: string;
  at?: string;
  created_at?: string;
}

/** Events that a service could not handle. They wait here until they are replayed or discarded. */
export function DeadLettersPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/dead-letters" });
  return (
    <Page title={t("nav.deadLetters")} help={t("deadLetters.help")}>
      <Listing<Letter>
        app={app}
        path="/_admin/dead-letters"
        label={t("nav.deadLetters")}
        empty={t("deadLetters.none")}
        paged={false}
        rowKey={(row) => `${row.service}/${row.id}`}
        columns={[
          { label: "deadLetters.service", cell: (row) => row.service },
          { label: "deadLetters.what", cell: (row) => <JsonView value={row} /> },
          { label: "audit.at", cell: (row) => (row.created_at ?? row.at ? timestampCell(row.created_at ?? row.at) : "") },
          {
            label: "deadLetters.act",
            cell: (row) => (
              <Group gap="xs" wrap="nowrap">
                <Act app={app} path={`/_admin/dead-letters/${row.service}/${row.id}/replay`} label={t("deadLetters.replay")} done={t("deadLetters.replayed")} />
                <Act app={app} method="DELETE" path={`/_admin/dead-letters/${row.service}/${row.id}`} label={t("deadLetters.discard")} done={t("deadLetters.discarded")} color="red" />
              </Group>
            ),
          },
        ]}
      />
    </Page>
  );
}
