import { Anchor, Button, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import { showDone } from "../../../ui/errors";
import { Status } from "../../../ui/status";
import { type Health, lastDeliveriesQuery, replaysQuery, useEnable, useRotate, useTest } from "./queries";
import { ReplayDialog } from "./replay-dialog";
import { SecretDialog } from "./secret-dialog";

interface Props {
  app: string;
  id: string;
  health: Health;
  /** Whether it is asked before writes: then there is nothing to send again. */
  isAsked: boolean;
}

/** How the endpoint of a webhook is, what was sent to it last, and what can be done about it. */
export function Endpoint({ app, id, health, isAsked }: Props) {
  const { t } = useTranslation();
  const test = useTest(app, id);
  const enable = useEnable(app, id);
  const rotate = useRotate(app, id);
  const [isReplaying, setReplaying] = useState(false);
  const isBroken = health.circuit === "open" || health.circuit === "disabled";
  return (
    <Card withBorder padding="md" component="section" aria-label={t("endpoint.title")}>
      <Stack gap="sm">
        <Group justify="space-between" gap="sm">
          <Group gap="sm">
            <Title order={2} size="h5">
              {t("endpoint.title")}
            </Title>
            {health.circuit ? <Status value={health.circuit} label={t(`endpoint.circuit.${health.circuit}`)} /> : <Text size="sm" c="dimmed">{t("endpoint.unknown")}</Text>}
          </Group>
          <Group gap="xs">
            <Button size="xs" variant="default" loading={test.isPending} onClick={() => void test.mutateAsync().then((sent) => showDone(t(sent.status === "delivered" ? "endpoint.testDelivered" : "endpoint.testFailed")))}>
              {t("endpoint.test")}
            </Button>
            {isBroken && (
              <Button size="xs" loading={enable.isPending} onClick={() => void enable.mutateAsync().then(() => showDone(t("endpoint.enabled")))}>
                {t("endpoint.enable")}
              </Button>
            )}
            {!isAsked && (
              <Button size="xs" variant="default" onClick={() => setReplaying(true)}>
                {t("endpoint.replay")}
              </Button>
            )}
            <Button size="xs" variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
              {t("endpoint.rotate")}
            </Button>
          </Group>
        </Group>
        <Trouble health={health} />
        <LastDeliveries app={app} id={id} />
        <Replays app={app} id={id} />
      </Stack>
      {isReplaying && <ReplayDialog app={app} id={id} onClose={() => setReplaying(false)} />}
      {rotate.data && <SecretDialog secret={rotate.data.secret} previousUntil={rotate.data.previous_valid_until} onClose={rotate.reset} />}
    </Card>
  );
}

function Trouble({ health }: { health: Health }) {
  const { t } = useTranslation();
  if (!health.failing_since && !health.last_error) return null;
  return (
    <div>
      {health.failing_since && <Text size="sm">{t("endpoint.failingSince", { when: timestampCell(health.failing_since) })}</Text>}
      {health.next_try_at && <Text size="sm">{t("endpoint.nextTry", { when: timestampCell(health.next_try_at) })}</Text>}
      {health.last_error && (
        <Text size="sm" c="red">
          {health.last_error}
        </Text>
      )}
    </div>
  );
}

function LastDeliveries({ app, id }: { app: string; id: string }) {
  const { t } = useTranslation();
  const found = useQuery(lastDeliveriesQuery(app, id));
  if (!found.data) return null;
  if (found.data.length === 0) return <Text c="dimmed">{t("deliveries.none")}</Text>;
  return (
    <>
      <Table.ScrollContainer minWidth={420}>
        <Table aria-label={t("endpoint.last")}>
          <Table.Tbody>
            {found.data.map((delivery) => (
              <Table.Tr key={delivery.id}>
                <Table.Td>
                  <Anchor component={Link} to={`/${app}/deliveries/${delivery.id}`}>
                    {timestampCell(delivery.created_at)}
                  </Anchor>
                </Table.Td>
                <Table.Td>{delivery.origin === "commit" ? delivery.hook : t(`endpoint.origin.${delivery.origin}`, { defaultValue: delivery.origin })}</Table.Td>
                <Table.Td>
                  <Status value={delivery.status} />
                </Table.Td>
                <Table.Td>{delivery.response_status ?? delivery.error ?? ""}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Anchor component={Link} size="sm" to={`/${app}/deliveries`} search={{ webhook_id: id } as never}>
        {t("endpoint.all")}
      </Anchor>
    </>
  );
}

function Replays({ app, id }: { app: string; id: string }) {
  const { t } = useTranslation();
  const replays = useQuery(replaysQuery(app, id)).data ?? [];
  if (replays.length === 0) return null;
  return (
    <Stack gap={4} role="group" aria-label={t("endpoint.replays")}>
      <Title order={3} size="h6">
        {t("endpoint.replays")}
      </Title>
      {replays.map((replay) => (
        <Group key={replay.id} gap="xs">
          <Text size="sm">{timestampCell(replay.created_at)}</Text>
          <Status value={replay.status} />
          <Text size="sm">{t("endpoint.replayed", { count: replay.deliveries })}</Text>
          {replay.error && <Text size="sm" c="red">{replay.error}</Text>}
        </Group>
      ))}
    </Stack>
  );
}
