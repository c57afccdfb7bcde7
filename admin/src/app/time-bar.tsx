import { Button, Group, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "../words/translator";
import { useAt } from "../api/moment";
import { Icon } from "../ui/icons";

/** Puts all screens on a moment; undefined is now. */
export function useGo() {
  const navigate = useNavigate();
  return (at: string | undefined) => void navigate({ to: ".", search: ((before: Record<string, unknown>) => ({ ...before, at })) as never });
}

/** Says that the past is shown, and leads back. */
export function TimeBar() {
  const { t, i18n } = useTranslation();
  const at = useAt();
  const go = useGo();
  if (at === undefined) return null;
  const shown = /^\d+$/.test(at) ? t("time.commit", { position: at }) : new Date(at).toLocaleString(i18n.language, { dateStyle: "medium", timeStyle: "medium" });
  return (
    <Group className="rk-bar" role="status" gap="sm" px="md" py={6}>
      <Icon name="clock" size={16} />
      <Text size="sm">{t("time.shown", { at: shown })}</Text>
      <Button size="compact-xs" variant="white" color="dark" onClick={() => go(undefined)}>
        {t("time.back")}
      </Button>
    </Group>
  );
}
