import { Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import { ShownOnce } from "../../../ui/shown-once";

interface Props {
  secret: string;
  /** Until when the one before is still good. */
  previousUntil?: string;
  onClose: () => void;
}

/** The secret that a receiver checks signatures with. */
export function SecretDialog({ secret, previousUntil, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <ShownOnce title={t("endpoint.secret")} warning={t("endpoint.secretOnce")} text={secret} onClose={onClose}>
      {previousUntil && <Text size="sm">{t("endpoint.secretBefore", { until: timestampCell(previousUntil) })}</Text>}
    </ShownOnce>
  );
}
