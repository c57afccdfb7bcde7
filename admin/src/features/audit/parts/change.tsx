import { Button, Group, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import { timestampCell } from "../../../fields/moments";
import { type AuditRow, differencesOf, isUndoable, sayValue } from "../../../model/audit";
import { LinkButton } from "../../../ui/link-button";
import { useTranslation } from "../../../words/translator";
import { RecordTimeline } from "./record-timeline";
import { UndoChange } from "./undo-change";

interface Props {
  app: string;
  row: AuditRow;
  onShow: (row: AuditRow) => void;
}

/** One change: before and after, where it came from, what else happened to its record, and the way back. */
export default function Change({ app, row, onShow }: Props) {
  const { t } = useTranslation();
  const isRecord = isUndoable(row) && !row.entity.startsWith("_");
  return (
    <Stack>
      <Text size="sm" className="rk-break">
        {t(`history.${row.action}`, { defaultValue: row.action })} · {t("history.by", { who: row.user_email ?? "–", when: timestampCell(row.timestamp) })}
        {row.on_behalf_of ? ` · ${t("audit.behalf", { who: row.on_behalf_of })}` : ""}
        {row.cause ? ` · ${row.cause}` : ""}
      </Text>
      <Differences row={row} />
      <Group gap="xs">
        {isUndoable(row) && <UndoChange app={app} row={row} />}
        {isRecord && (
          <LinkButton to="/$app/records/$entity/$id" params={{ app, entity: row.entity, id: row.record_id }} size="xs" variant="default">
            {t("audit.open")}
          </LinkButton>
        )}
        {row.trace_id && (
          <LinkButton to="/$app/events/$trace" params={{ app, trace: row.trace_id }} size="xs" variant="default">
            {t("audit.trace")}
          </LinkButton>
        )}
      </Group>
      <Title order={3} size="h6">
        {t("audit.timeline")}
      </Title>
      <RecordTimeline app={app} row={row} onShow={onShow} />
    </Stack>
  );
}

function Differences({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  const [isWhole, setWhole] = useState(false);
  const all = differencesOf(row);
  const shown = isWhole ? all : all.filter(({ changed }) => changed);
  return (
    <Stack gap="xs">
      {all.length > shown.length || isWhole ? <Switch size="xs" label={t("audit.unchanged")} checked={isWhole} onChange={(event) => setWhole(event.currentTarget.checked)} /> : null}
      <Table.ScrollContainer minWidth={360}>
        <Table aria-label={t("audit.changed")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("conflict.field")}</Table.Th>
              <Table.Th>{t("audit.before")}</Table.Th>
              <Table.Th>{t("audit.after")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map(({ field, before, after, changed }) => (
              <Table.Tr key={field}>
                <Table.Th scope="row">{field}</Table.Th>
                <Table.Td className="rk-break" td={changed && before !== undefined ? "line-through" : "none"}>
                  {sayValue(before)}
                </Table.Td>
                <Table.Td className="rk-break" fw={changed ? 600 : 400}>
                  {sayValue(after)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {shown.length === 0 && (
        <Button size="compact-xs" variant="subtle" onClick={() => setWhole(true)}>
          {t("audit.unchanged")}
        </Button>
      )}
    </Stack>
  );
}
