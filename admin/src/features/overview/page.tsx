import { Anchor, Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { useAppSchema, useIsAdmin } from "../../api/app-schema";
import { request } from "../../api/client";
import type { Entity, Row } from "../../model/schema";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { figuresQuery } from "./figures";
import { BoardLinks } from "./parts/board-links";
import { FigureCards } from "./parts/figure-cards";
import { FirstSteps } from "./parts/first-steps";
import { OwnCards } from "./parts/own-cards";

/** Entities whose records are counted one by one; more would be many requests. */
const MAX_COUNTED = 24;

/** Where an app begins: what waits, what has failed, what there is, and the first steps of an empty one. */
export function OverviewPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/" });
  const entities = useAppSchema(app).entities.filter((entity) => entity.actions.includes("read"));
  const isAdmin = useIsAdmin(app);
  const figures = useQuery({ ...figuresQuery(app), enabled: isAdmin });
  return (
    <Page title={t("nav.overview")} help={t("overview.help")}>
      {isAdmin && <FirstSteps app={app} figures={figures.data} entities={entities} />}
      {!isAdmin && entities.length === 0 && <Text>{t("overview.nothing")}</Text>}
      <Stack gap="lg">
        <OwnCards app={app} />
        <BoardLinks app={app} />
        {figures.error && <Failed error={figures.error} retry={() => void figures.refetch()} />}
        {figures.data && <FigureCards app={app} figures={figures.data} />}
        {entities.length > 0 && (
          <section aria-label={t("nav.data")}>
            <Title order={2} size="h5" mb="xs">
              {t("nav.data")}
            </Title>
            <SimpleGrid cols={{ base: 2, md: 4, lg: 6 }} spacing="sm">
              {entities.map((entity, at) => (
                <EntityCard key={entity.name} app={app} entity={entity} count={figures.data?.["records"]?.by_entity?.[entity.name]} isCounted={!isAdmin && at < MAX_COUNTED} />
              ))}
            </SimpleGrid>
          </section>
        )}
      </Stack>
    </Page>
  );
}

interface EntityCardProps {
  app: string;
  entity: Entity;
  count: number | undefined;
  /** Whether it is counted here, where nothing else says how many there are. */
  isCounted: boolean;
}

function EntityCard({ app, entity, count, isCounted }: EntityCardProps) {
  const own = useQuery({
    queryKey: [app, "records", entity.name, "estimate"],
    queryFn: ({ signal }) => request<Row[]>(app, "GET", `/${entity.name}`, { signal, query: { per_page: "1", count: "estimated" } }).then((reply) => reply.meta.total ?? null),
    enabled: isCounted,
  });
  return (
    <Card withBorder padding="sm">
      <Anchor component={Link} to={`/${app}/records/${entity.name}`} fw={600}>
        {entity.name}
      </Anchor>
      <Text size="lg">{count ?? own.data ?? "–"}</Text>
    </Card>
  );
}
