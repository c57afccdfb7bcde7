import { Group, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";

interface Message {
  id: string;
  subject: string;
  body: string;
  read_at: string | null;
  created_at: string;
}

const REFRESH_MS = 15_000;

/** The caller's own notifications. */
export function InboxPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/inbox" });
  return (
    <Page title={t("nav.inbox")} actions={<Act app={app} path="/_notifications/read-all" label={t("inbox.readAll")} done={t("inbox.allRead")} />}>
      <Listing<Message>
        app={app}
        path="/_notifications"
        label={t("nav.inbox")}
        empty={t("inbox.none")}
        rowKey={(row) => row.id}
        refreshMs={REFRESH_MS}
        filters={[{ name: "unread", label: "inbox.unread", values: ["true"] }]}
        columns={[
          {
            label: "inbox.message",
            cell: (row) => (
              <>
                <Text fw={row.read_at ? 400 : 700}>{row.subject}</Text>
                <Text size="sm" c="dimmed" style={{ whiteSpace: "pre-line" }}>
                  {row.body}
                </Text>
              </>
            ),
          },
          { label: "inbox.at", cell: (row) => timestampCell(row.created_at) },
          {
            label: "inbox.state",
            cell: (row) => (
              <Group>
                {row.read_at ? t("inbox.read") : <Act app={app} path={`/_notifications/${row.id}/read`} label={t("inbox.markRead")} done={t("inbox.read")} />}
              </Group>
            ),
          },
        ]}
      />
    </Page>
  );
}
