import { Alert, List, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { Effects } from "../queries";

const KINDS = ["workflows", "webhooks", "notifications"] as const;

/** What the rows would set off beyond being stored. */
export function EffectsList({ effects }: { effects: Effects | null }) {
  const { t, i18n } = useTranslation();
  const found = KINDS.flatMap((kind) => Object.entries(effects?.[kind] ?? {}).map(([name, count]) => ({ kind, name, count })));
  if (found.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("import.noEffects")}
      </Text>
    );
  }
  return (
    <Alert color="orange" title={t("import.effects")}>
      <List size="sm">
        {found.map(({ kind, name, count }) => (
          <List.Item key={`${kind}/${name}`}>{t(`import.effect.${kind}`, { name, number: count.toLocaleString(i18n.language) })}</List.Item>
        ))}
      </List>
    </Alert>
  );
}
