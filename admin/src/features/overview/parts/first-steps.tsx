import { Anchor, Card, List, Text, ThemeIcon, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { keys } from "../../../api/app-schema";
import { request } from "../../../api/client";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import type { Figures } from "../figures";

interface Step {
  word: string;
  to: string;
  isDone: boolean;
}

interface Props {
  app: string;
  figures: Figures | undefined;
  entities: Entity[];
}

/** What to do in an app that is empty, until it is done: entities, records, permissions, people. */
export function FirstSteps({ app, figures, entities }: Props) {
  const { t } = useTranslation();
  const hasRecords = (figures?.["records"]?.count ?? 0) > 0;
  const isNew = entities.length === 0 || (figures !== undefined && !hasRecords);
  const policies = useQuery({
    queryKey: [...keys.definitions(app, "permissions"), "count"],
    queryFn: ({ signal }) => request<unknown[]>(app, "GET", "/_admin/permissions", { signal }).then((reply) => reply.data.length),
    enabled: isNew,
  });
  if (!isNew) return null;
  const first = entities[0]?.name;
  const steps: Step[] = [
    { word: "overview.firstEntity", to: "/define/entities/new", isDone: entities.length > 0 },
    { word: "overview.firstRecord", to: first ? `/records/${first}/new` : "/define/entities/new", isDone: hasRecords },
    { word: "overview.firstPermission", to: "/define/permissions/new", isDone: (policies.data ?? 0) > 0 },
    { word: "overview.firstUser", to: "/people/invites", isDone: (figures?.["users"]?.count ?? 0) > 1 },
  ];
  return (
    <Card withBorder component="section" aria-label={t("overview.firstSteps")}>
      <Title order={2} size="h5">
        {t("overview.firstSteps")}
      </Title>
      <Text size="sm" mb="sm">
        {t("overview.first")}
      </Text>
      <List spacing={6} center>
        {steps.map((step) => (
          <List.Item
            key={step.word}
            icon={
              <ThemeIcon size={20} radius="xl" variant={step.isDone ? "filled" : "default"} color="teal">
                {step.isDone && <Icon name="check" size={12} />}
              </ThemeIcon>
            }
          >
            <Anchor component={Link} to={`/${app}${step.to}`} td={step.isDone ? "line-through" : undefined}>
              {t(step.word)}
            </Anchor>
          </List.Item>
        ))}
      </List>
      <Text size="sm" mt="sm">
        <Anchor component={Link} to={`/${app}/exchange`}>
          {t("overview.orImport")}
        </Anchor>
      </Text>
    </Card>
  );
}
