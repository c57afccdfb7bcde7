import { Anchor, Card, Loader, SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { useIsAdmin } from "../../api/app-schema";
import { boardsQuery } from "../../api/dashboards";
import { Failed } from "../../ui/failed";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";

/** The dashboards that the caller may see. */
export function DashboardsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const isAdmin = useIsAdmin(app);
  const list = useQuery(boardsQuery(app));
  return (
    <Page
      title={t("nav.dashboards")}
      help={t("board.help")}
      actions={
        isAdmin && (
          <LinkButton size="xs" to="/$app/define/$kind/$id" params={{ app, kind: "dashboards", id: "new" }}>
            {t("board.new")}
          </LinkButton>
        )
      }
    >
      {list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Loader aria-label={t("shell.loading")} />
      ) : list.data.length === 0 ? (
        <Text c="dimmed">{t(isAdmin ? "board.none" : "board.noneForYou")}</Text>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          {list.data.map((board) => (
            <Card key={board.id} withBorder padding="sm">
              <Anchor component={Link} fw={600} to={`/${app}/dashboards/${board.id}`}>
                {board.name}
              </Anchor>
              <Text size="sm" c="dimmed">
                {board.description}
              </Text>
            </Card>
          ))}
        </SimpleGrid>
      )}
    </Page>
  );
}
