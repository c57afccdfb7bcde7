import { Anchor, Card, Group, SimpleGrid, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { Icon } from "../../../ui/icons";
import { type Figure, type Figures, SCREENS } from "../figures";

/** What waits and what has failed, each with the way to its list. */
export function FigureCards({ app, figures }: { app: string; figures: Figures }) {
  const { t } = useTranslation();
  const names = Object.keys(SCREENS).filter((name) => figures[name]);
  return (
    <section aria-label={t("overview.figures")}>
      <Title order={2} size="h5" mb="xs">
        {t("overview.figures")}
      </Title>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
        {names.map((name) => (
          <FigureCard key={name} app={app} name={name} figure={figures[name]!} />
        ))}
      </SimpleGrid>
    </section>
  );
}

function FigureCard({ app, name, figure }: { app: string; name: string; figure: Figure }) {
  const { t, i18n } = useTranslation();
  const screen = SCREENS[name]!;
  const isBad = screen.isTrouble === true && (figure.count ?? 0) > 0;
  const shown = figure.count === null ? "–" : `${figure.estimated ? "≈ " : ""}${new Intl.NumberFormat(i18n.language).format(figure.count)}`;
  return (
    <Card withBorder padding="sm" className="rk-figure" data-tone={isBad ? "bad" : "plain"}>
      <Group gap={6} wrap="nowrap">
        <Icon name={screen.icon} size={14} />
        <Anchor component={Link} to={`/${app}${screen.path}`} search={(screen.search ?? {}) as never} size="sm" fw={600} truncate>
          {t(`overview.${name}`)}
        </Anchor>
      </Group>
      <Text size="xl" fw={600} c={isBad ? "var(--mantine-color-error)" : "var(--mantine-color-text)"}>
        {shown}
      </Text>
      <Text size="xs" c="dimmed">
        {figure.error ? figure.error.message : t(`overview.${name}Help`)}
      </Text>
    </Card>
  );
}
