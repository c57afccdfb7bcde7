import { ActionIcon, Group, Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { Meta } from "../../../api/client";
import type { PageState } from "../../../model/filter";
import { Icon, type IconName } from "../../../ui/icons";
import { PAGE_ROWS } from "../queries";

export interface Counted {
  total: number;
  isExact: boolean;
}

interface Props {
  page: PageState | undefined;
  meta: Meta;
  rows: number;
  count: Counted | undefined;
  before: number | undefined;
  onPage: (page: PageState | undefined) => void;
  onCountExactly: () => void;
}

/** Where in the list the page stands, and the ways to the first, previous, next and last one. */
export function Pager({ page, meta, rows, count, before, onPage, onCountExactly }: Props) {
  const { t, i18n } = useTranslation();
  const number = (value: number) => value.toLocaleString(i18n.language);
  const isFirst = page === undefined || (meta.prev_cursor ?? null) === null;
  const isLast = (meta.next_cursor ?? null) === null;
  const previous = before === undefined ? undefined : Math.max(0, before - PAGE_ROWS);
  const range = before === undefined || rows === 0 ? "" : t("pager.range", { from: number(before + 1), to: number(before + rows) });
  const way = (word: string, icon: IconName, isOff: boolean, to: PageState | undefined) => (
    <ActionIcon variant="default" size="md" aria-label={t(`page.${word}`)} disabled={isOff} onClick={() => onPage(to)} className="rk-flip">
      <Icon name={icon} size={16} />
    </ActionIcon>
  );
  return (
    <Group gap="xs" justify="space-between" component="nav" aria-label={t("pager.label")}>
      <Group gap={4}>
        {way("first", "first", isFirst, undefined)}
        {way("previous", "previous", isFirst, { cursor: meta.prev_cursor ?? "", back: true, before: previous })}
        {way("next", "next", isLast, { cursor: meta.next_cursor ?? "", before: before === undefined ? undefined : before + rows })}
        {way("last", "last", isLast, { cursor: "", back: true })}
      </Group>
      <Text size="sm" c="dimmed" aria-live="polite" component="div">
        {range}
        {count === undefined ? " …" : count.isExact ? t("records.count", { count: count.total, number: number(count.total) }) : (
          <UnstyledButton fz="sm" c="dimmed" td="underline dotted" title={t("pager.countExactly")} onClick={onCountExactly}>
            {t("pager.about", { number: number(count.total) })}
          </UnstyledButton>
        )}
      </Text>
    </Group>
  );
}
