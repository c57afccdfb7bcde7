import { Alert, Anchor, Badge, Loader, Modal, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { asLocal } from "../../../fields/moments";
import type { ListState } from "../../../model/filter";
import { diffOf, type RowDiff } from "../../../model/list-changes";
import type { Entity } from "../../../model/schema";
import { Failed } from "../../../ui/failed";
import { changesQuery } from "../queries";
import { useNames } from "../names";

interface Props {
  app: string;
  entity: Entity;
  state: ListState;
  onClose: () => void;
}

const A_DAY_MS = 86_400_000;
const TYPING_MS = 500;
const COLOURS = { entered: "teal", left: "red", changed: "orange" } as const;

/** What has changed in the list since a moment: the same filter, then and now. */
export function SinceDialog({ app, entity, state, onClose }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(asLocal(new Date(Date.now() - A_DAY_MS).toISOString()));
  const [moment] = useDebouncedValue(typed, TYPING_MS);
  const isMoment = !Number.isNaN(new Date(moment).getTime());
  const at = isMoment ? new Date(moment).toISOString() : "";
  const { data, error } = useQuery({ ...changesQuery(app, entity, state, at), enabled: isMoment });
  const diff = data && diffOf(entity, data.changes);
  return (
    <Modal opened onClose={onClose} size="xl" title={t("since.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <TextInput type="datetime-local" step={1} label={t("since.moment")} w={240} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {error && <Failed error={error} />}
        {isMoment && !error && !diff && <Loader size="sm" aria-label={t("shell.loading")} />}
        {data && !data.isComplete && <Alert color="orange">{t("since.part")}</Alert>}
        {diff?.length === 0 && <Text size="sm">{t("since.nothing")}</Text>}
        {diff && diff.length > 0 && <Differences app={app} entity={entity} diff={diff} />}
      </Stack>
    </Modal>
  );
}

function Differences({ app, entity, diff }: { app: string; entity: Entity; diff: RowDiff[] }) {
  const { t } = useTranslation();
  const say = useNames(app, entity, diff.flatMap((row) => row.fields.flatMap(({ field, before, after }) => [{ field, value: before }, { field, value: after }])));
  return (
    <Table aria-label={t("since.title")}>
      <Table.Tbody>
        {diff.map((row) => (
          <Table.Tr key={row.id}>
            <Table.Td>
              <Badge variant="light" color={COLOURS[row.change]} tt="none">
                {t(`since.${row.change}`)}
              </Badge>
            </Table.Td>
            <Table.Td>
              <Anchor size="sm" component={Link} to={`/${app}/records/${entity.name}/${encodeURIComponent(row.id)}`}>
                {row.label}
              </Anchor>
            </Table.Td>
            <Table.Td>
              {row.fields.map(({ field, before, after }) => (
                <Text key={field} size="sm">
                  <b>{field}</b>: {say(field, before)} → {say(field, after)}
                </Text>
              ))}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
