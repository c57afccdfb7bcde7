import { Group, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { boardsQuery } from "../../../api/dashboards";
import { LinkButton } from "../../../ui/link-button";

/** The dashboards that the caller may see, where there are any. */
export function BoardLinks({ app }: { app: string }) {
  const { t } = useTranslation();
  const boards = useQuery(boardsQuery(app)).data ?? [];
  if (boards.length === 0) return null;
  return (
    <section aria-label={t("nav.dashboards")}>
      <Title order={2} size="h5" mb="xs">
        {t("nav.dashboards")}
      </Title>
      <Group gap="sm">
        {boards.map((board) => (
          <LinkButton key={board.id} size="xs" variant="default" to="/$app/dashboards/$id" params={{ app, id: board.id ?? board.name }}>
            {board.name}
          </LinkButton>
        ))}
      </Group>
    </section>
  );
}
