import { ActionIcon, Group, Text, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { Icon } from "../../../ui/icons";

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** The rows that match. */
  matches: number[];
  /** The row that is chosen. */
  at: number;
  onGo: (row: number) => void;
}

/** Looks for spans; Enter goes to the next match, Shift+Enter to the one before. */
export function SpanSearch({ value, onChange, matches, at, onGo }: Props) {
  const { t } = useTranslation();
  const next = () => onGo(matches.find((row) => row > at) ?? matches[0]!);
  const previous = () => onGo(matches.findLast((row) => row < at) ?? matches.at(-1)!);
  return (
    <Group gap={4}>
      <TextInput
        size="xs"
        aria-label={t("events.search")}
        placeholder={t("events.search")}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && matches.length > 0) (event.shiftKey ? previous : next)();
        }}
      />
      <ActionIcon variant="default" disabled={matches.length === 0} onClick={previous} aria-label={t("events.previousMatch")}>
        <Icon name="up" size={14} />
      </ActionIcon>
      <ActionIcon variant="default" disabled={matches.length === 0} onClick={next} aria-label={t("events.nextMatch")}>
        <Icon name="down" size={14} />
      </ActionIcon>
      {value && (
        <Text size="sm" c="dimmed" aria-live="polite">
          {t("events.found", { count: matches.length })}
        </Text>
      )}
    </Group>
  );
}
