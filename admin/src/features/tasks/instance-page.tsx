import { Alert, Anchor, Grid as Columns, Group, Loader, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "../../words/translator";
import { useViewAs } from "../../api/view-as";
import { timestampCell } from "../../fields/moments";
import { type Instance, inWords } from "../../model/tasks";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { Decide } from "./parts/decide";
import { InstanceActs } from "./parts/instance-acts";
import { InstancePicture } from "./parts/instance-picture";
import { RecordCard } from "./parts/record-card";
import { InstanceTimeline } from "./parts/timeline";
import { childrenQuery, instanceQuery } from "./queries";
import { useRunTime } from "./run-time";

/** One instance: what it waits for, where it is and was, what has happened, and what it knows. */
export function InstancePage() {
  const { t } = useTranslation();
  const { app, id } = useParams({ from: "/$app/instances/$id" });
  const { time, isKnown, error } = useRunTime(app);
  const found = useQuery({ ...instanceQuery(app, id, time), enabled: isKnown });
  const isReadOnly = useViewAs(app) !== undefined || time !== undefined;
  const problem = error ?? found.error;
  if (problem) return <Failed error={problem} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const instance = found.data;
  return (
    <Page title={instance.workflow_name} help={t("instances.startedBy", { who: instance.initiator?.email ?? "–", when: timestampCell(instance.created_at) })} actions={!isReadOnly && <InstanceActs app={app} instance={instance} />}>
      <Group gap="sm">
        <Status value={instance.status} label={t(`flow.run.${instance.status}`)} />
        <Text size="sm" c="dimmed">
          {t("definitions.version", { version: instance.workflow_version ?? "–" })}
        </Text>
        <Text size="sm">{instance.current_steps.join(", ")}</Text>
        {instance.parent_id && (
          <Anchor component={Link} to={`/${app}/instances/${instance.parent_id}`} size="sm">
            {t("instances.parent")}
          </Anchor>
        )}
      </Group>
      {instance.failed && instance.status === "failed" && (
        <Alert color="red" role="alert" title={t("instances.failedAt", { step: instance.failed.step })}>
          {instance.failed.reason}
        </Alert>
      )}
      {(instance.warnings ?? []).map((warning, at) => (
        <Alert key={at} color="yellow" role="status" p="xs">
          {[warning.step, warning.message].filter(Boolean).join(": ")}
        </Alert>
      ))}
      <Columns gap="lg">
        <Columns.Col span={{ base: 12, md: 7 }}>
          <Stack>
            {(instance.approvals ?? []).map((approval) => (
              <Decide isReadOnly={isReadOnly} key={`${approval.scope ?? ""}/${approval.step}/${instance.updated_at}`} app={app} instance={instance} approval={approval} />
            ))}
            <RecordCard app={app} instance={instance} />
            <InstancePicture app={app} instance={instance} time={time} />
          </Stack>
        </Columns.Col>
        <Columns.Col span={{ base: 12, md: 5 }}>
          <Stack>
            <Part title={t("history.title")}>
              <InstanceTimeline app={app} instance={instance} time={time} />
            </Part>
            <Children app={app} instance={instance} time={time} />
            <Part title={t("instances.context")}>
              <Context values={instance.context} />
            </Part>
          </Stack>
        </Columns.Col>
      </Columns>
    </Page>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </section>
  );
}

function Context({ values }: { values: Record<string, unknown> }) {
  const { t } = useTranslation();
  return (
    <Table fz="sm" variant="vertical" aria-label={t("instances.context")}>
      <Table.Tbody>
        {Object.entries(values).map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={140}>{name}</Table.Th>
            <Table.Td className="rk-break">{inWords(value)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** The sub-workflows that it has started. */
function Children({ app, instance, time }: { app: string; instance: Instance; time: string | undefined }) {
  const { t } = useTranslation();
  const found = useQuery(childrenQuery(app, instance, time));
  if (!found.data?.length) return null;
  return (
    <Part title={t("instances.children")}>
      <Stack gap={4}>
        {found.data.map((child) => (
          <Group key={child.id} gap="xs">
            <Anchor component={Link} to={`/${app}/instances/${child.id}`} size="sm">
              {child.workflow_name}
            </Anchor>
            <Status value={child.status} label={t(`flow.run.${child.status}`)} />
          </Group>
        ))}
      </Stack>
    </Part>
  );
}
