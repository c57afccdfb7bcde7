/** Lines above the screens that say what holds for all of them: what is away, and that lists don't follow changes. */

import { Button, Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "../words/translator";
import { useLiveState } from "../api/live";
import { useOutage } from "../api/outage";
import { Icon } from "../ui/icons";

/** Names what is away; when it is back, what is shown is read again. */
export function OutageBar() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const outage = useOutage();
  const wasAway = useRef(false);
  useEffect(() => {
    if (outage === undefined && wasAway.current) void client.invalidateQueries();
    wasAway.current = outage !== undefined;
  }, [outage, client]);
  if (!outage) return null;
  const away = outage.services.length > 0 ? t("outage.services", { names: outage.services.join(", ") }) : (outage.message ?? t("error.unreachable"));
  return (
    <Group className="rk-bar" data-tone="bad" role="alert" gap="sm" px="md" py={6}>
      <Icon name="close" size={16} />
      <Text size="sm">
        {away}. {t("outage.again")}
      </Text>
    </Group>
  );
}

/** Says that open lists don't follow changes, why, and lets somebody try again. */
export function LiveBar({ app }: { app: string }) {
  const { t } = useTranslation();
  const [state, retry] = useLiveState(app);
  if (state.kind !== "refused") return null;
  return (
    <Group className="rk-bar" role="status" gap="sm" px="md" py={6}>
      <Icon name="bolt" size={16} />
      <Text size="sm">{t("live.refused", { reason: state.message })}</Text>
      <Button size="compact-xs" variant="white" color="dark" onClick={retry}>
        {t("action.retry")}
      </Button>
    </Group>
  );
}
