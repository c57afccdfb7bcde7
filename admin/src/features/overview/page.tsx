import { Anchor, Card, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useAppSchema, useIsAdmin } from "../../api/app-schema";
import { request } from "../../api/client";
import type { Entity, Row } from "../../model/schema";
import { Page } from "../../ui/page";

/** Where an app begins: its entities with their counts, and the first steps of an empty one. */
export function OverviewPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/" });
  const entities = useAppSchema(app).entities.filter((entity) => entity.actions.includes("read"));
  const isAdmin = useIsAdmin(app);
  return (
    <Page title={t("nav.overview")}>
      {entities.length === 0 ? (
        <FirstSteps app={app} isAdmin={isAdmin} />
      ) : (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          {entities.map((entity) => (
            <EntityCard key={entity.name} app={app} entity={entity} />
          ))}
        </SimpleGrid>
      )}
    </Page>
  );
}

function EntityCard({ app, entity }: { app: string; entity: Entity }) {
  const { t } = useTranslation();
  const count = useQuery({
    queryKey: [app, "records", entity.name, "estimate"],
    queryFn: ({ signal }) =>
      request<Row[]>(app, "GET", `/${entity.name}`, { signal, query: { per_page: "1", count: "estimated" } }).then((reply) => reply.meta.total),
  });
  return (
    <Card withBorder padding="md">
      <Anchor component={Link} to={`/${app}/records/${entity.name}`} fw={600}>
        {entity.name}
      </Anchor>
      <Text size="xl">{count.data ?? "…"}</Text>
      <Text size="xs" c="dimmed">
        {t("overview.records")}
      </Text>
    </Card>
  );
}

function FirstSteps({ app, isAdmin }: { app: string; isAdmin: boolean }) {
  const { t } = useTranslation();
  if (!isAdmin) return <Text>{t("overview.nothing")}</Text>;
  return (
    <Stack align="flex-start">
      <Text>{t("overview.first")}</Text>
      <Anchor component={Link} to={`/${app}/define/entities/new`}>
        {t("overview.firstEntity")}
      </Anchor>
      <Anchor component={Link} to={`/${app}/people/users`}>
        {t("overview.firstUser")}
      </Anchor>
    </Stack>
  );
}
