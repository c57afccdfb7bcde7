import { Alert, Badge, Button, Group, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { Failed } from "../../../ui/failed";
import { RecordLinks } from "./record-links";
import { useScope } from "./scope";

interface Trial {
  records: number;
  states: { state: string | null; records: number; known: boolean }[];
  unknown: { records: number; ids: string[] };
  transitions: { from: string; to: string; records: number; refused: number | null; ids: string[]; complete: boolean }[];
  complete: boolean;
}

/** What the machine, as it is typed, makes of the records that are there: states it does not know, transitions that its guards refuse. */
export function MachineTrial() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const trial = useMutation({
    mutationFn: () => request<Trial>(app, "POST", "/_admin/state-machines/try", { body: document }).then((reply) => reply.data),
    meta: { shown: true },
  });
  const entity = String(document["entity"]);
  return (
    <Stack gap="xs">
      <Group>
        <Button size="xs" variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
          {t("machine.try")}
        </Button>
        <Text size="sm" c="dimmed">
          {t("machine.tryHelp")}
        </Text>
      </Group>
      {trial.error && <Failed error={trial.error} />}
      {trial.data && <Found app={app} entity={entity} trial={trial.data} />}
    </Stack>
  );
}

function Found({ app, entity, trial }: { app: string; entity: string; trial: Trial }) {
  const { t } = useTranslation();
  const isBad = trial.unknown.records > 0 || trial.transitions.some((each) => (each.refused ?? 0) > 0);
  return (
    <Alert color={isBad ? "orange" : "teal"} title={t("machine.tried", { count: trial.records })}>
      <Stack gap="sm">
        <Group gap="xs">
          {trial.states.map((each) => (
            <Badge key={String(each.state)} variant="light" color={each.known ? "teal" : "red"} c="var(--mantine-color-text)" tt="none">
              {each.state ?? t("value.none")}: {each.records}
            </Badge>
          ))}
        </Group>
        {trial.unknown.records > 0 && (
          <div>
            <Text size="sm">{t("machine.unknown", { count: trial.unknown.records })}</Text>
            <RecordLinks app={app} entity={entity} ids={trial.unknown.ids} />
          </div>
        )}
        <Table fz="sm" aria-label={t("machine.transitions")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("machine.transition")}</Table.Th>
              <Table.Th>{t("machine.inState")}</Table.Th>
              <Table.Th>{t("machine.refused")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {trial.transitions.map((each) => (
              <Table.Tr key={`${each.from} ${each.to}`}>
                <Table.Td>
                  {each.from} → {each.to}
                </Table.Td>
                <Table.Td>{each.records}</Table.Td>
                <Table.Td>
                  {each.refused ?? "–"}
                  <RecordLinks app={app} entity={entity} ids={each.ids} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {!trial.complete && <Text size="sm">{t("rule.incomplete")}</Text>}
      </Stack>
    </Alert>
  );
}
