import { Anchor, Button, Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { follow } from "../../api/live-stream";
import { timestampCell } from "../../fields/moments";
import { linkOf } from "../../model/notifications";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { useTranslation } from "../../words/translator";

export interface Message {
  id: string;
  type: string;
  subject: string;
  body: string;
  entity: string | null;
  record_id: string | null;
  metadata: Record<string, unknown>;
  read_at: string | null;
  archived_at: string | null;
  created_at: string;
}

const TYPES = ["rule", "transition", "workflow", "mention", "test"] as const;

/** The caller's own notifications, as they come. */
export function InboxPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/inbox" });
  useArrivals(app);
  return (
    <Page
      title={t("nav.inbox")}
      actions={
        <>
          <Act app={app} path="/_notifications/read-all" label={t("inbox.readAll")} done={t("inbox.allRead")} />
          <Button component={Link} to={`/${app}/inbox/preferences`} size="compact-sm" variant="default">
            {t("preferences.title")}
          </Button>
        </>
      }
    >
      <Listing<Message>
        app={app}
        path="/_notifications"
        label={t("nav.inbox")}
        empty={t("inbox.none")}
        rowKey={(row) => row.id}
        filters={[
          { name: "unread", label: "inbox.unread", values: ["true"] },
          { name: "archived", label: "inbox.archived", values: ["true"] },
          { name: "type", label: "inbox.type", values: TYPES },
        ]}
        columns={[
          { label: "inbox.message", cell: (row) => <Words app={app} row={row} /> },
          { label: "inbox.at", cell: (row) => timestampCell(row.created_at) },
          { label: "inbox.state", cell: (row) => <Acts app={app} row={row} /> },
        ]}
      />
    </Page>
  );
}

/** What a message says, and the way to what it is about. */
function Words({ app, row }: { app: string; row: Message }) {
  const link = linkOf(app, row);
  const subject = <Text fw={row.read_at ? 400 : 700}>{row.subject}</Text>;
  return (
    <>
      {link ? (
        <Anchor component={Link} to={link}>
          {subject}
        </Anchor>
      ) : (
        subject
      )}
      <Text size="sm" c="dimmed" lineClamp={6} style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>
        {row.body}
      </Text>
    </>
  );
}

function Acts({ app, row }: { app: string; row: Message }) {
  const { t } = useTranslation();
  const path = `/_notifications/${row.id}`;
  return (
    <Group gap={4}>
      {row.read_at ? (
        <Act app={app} path={`${path}/unread`} label={t("inbox.markUnread")} done={t("inbox.isUnread")} />
      ) : (
        <Act app={app} path={`${path}/read`} label={t("inbox.markRead")} done={t("inbox.read")} />
      )}
      {!row.archived_at && <Act app={app} path={`${path}/archive`} label={t("inbox.archive")} done={t("inbox.isArchived")} />}
    </Group>
  );
}

/** Reads the list and the count again when something arrives. */
function useArrivals(app: string) {
  const client = useQueryClient();
  useEffect(() => {
    const stop = new AbortController();
    void follow({
      realm: app,
      path: "/_notifications/_live",
      query: new URLSearchParams(),
      after: undefined,
      signal: stop.signal,
      onState: () => undefined,
      onEvent: (event) => {
        if (event.name !== "notification") return;
        void client.invalidateQueries({ queryKey: [app, "listing", "/_notifications"] });
        void client.invalidateQueries({ queryKey: [app, "unread"] });
      },
    });
    return () => stop.abort();
  }, [app, client]);
}
