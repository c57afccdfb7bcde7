import { Alert, Badge, Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { Failed } from "../../../ui/failed";
import type { Document } from "../queries";
import { useScope } from "./scope";

interface EffectRow {
  role?: string;
  user?: { id: string; email: string };
  entity: string;
  action: string;
  field?: string;
  before: string;
  after: string;
  records: number | null;
  gained: number | null;
  lost: number | null;
}

interface Effect {
  rows: EffectRow[];
  users: EffectRow[];
  counted: boolean;
  complete: boolean;
}

/** Who would gain or lose what by the policy as it is typed: by role, and by user. */
export function PermissionEffect({ id }: { id: string | undefined }) {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const effect = useMutation({
    mutationFn: async (): Promise<Effect> => {
      const stored = await request<Document[]>(app, "GET", "/_admin/permissions");
      const others = stored.data.filter((policy) => policy["id"] !== id);
      const changed = id === undefined ? document : { ...document, id };
      const reply = await request<EffectRow[]>(app, "POST", "/_admin/permissions/effect", { body: { permissions: [...others, changed] } });
      const meta = reply.meta as unknown as { users?: EffectRow[]; counted?: boolean; complete?: boolean };
      return { rows: reply.data, users: meta.users ?? [], counted: meta.counted ?? true, complete: meta.complete ?? true };
    },
    meta: { shown: true },
  });
  return (
    <Stack gap="xs" component="section" aria-label={t("effect.title")}>
      <Group>
        <Button size="xs" variant="default" loading={effect.isPending} onClick={() => effect.mutate()}>
          {t("effect.show")}
        </Button>
        <Text size="sm" c="dimmed">
          {t("effect.help")}
        </Text>
      </Group>
      {effect.error && <Failed error={effect.error} />}
      {effect.data && <Shown effect={effect.data} />}
    </Stack>
  );
}

function Shown({ effect }: { effect: Effect }) {
  const { t } = useTranslation();
  if (effect.rows.length === 0 && effect.users.length === 0) return <Alert color="teal">{t("effect.nothing")}</Alert>;
  return (
    <Stack gap="sm">
      <EffectTable title={t("effect.byRole")} who={t("users.roles")} rows={effect.rows} />
      {effect.users.length > 0 && <EffectTable title={t("effect.byUser")} who={t("login.email")} rows={effect.users} />}
      {!(effect.counted && effect.complete) && <Text size="sm">{t("effect.incomplete")}</Text>}
    </Stack>
  );
}

function EffectTable({ title, who, rows }: { title: string; who: string; rows: EffectRow[] }) {
  const { t } = useTranslation();
  return (
    <div>
      <Title order={3} size="h6">
        {title}
      </Title>
      <Table.ScrollContainer minWidth={520}>
        <Table fz="sm" aria-label={title}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{who}</Table.Th>
              <Table.Th>{t("key.action")}</Table.Th>
              <Table.Th>{t("key.field")}</Table.Th>
              <Table.Th>{t("effect.change")}</Table.Th>
              <Table.Th>{t("effect.records")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={`${row.role ?? row.user?.id} ${row.entity} ${row.action} ${row.field ?? ""}`}>
                <Table.Td>{row.role ?? row.user?.email}</Table.Td>
                <Table.Td>
                  {row.entity}: {t(`matrix.${row.action}`)}
                </Table.Td>
                <Table.Td>{row.field ?? "–"}</Table.Td>
                <Table.Td>
                  {t(`effect.access.${row.before}`)} → {t(`effect.access.${row.after}`)}
                </Table.Td>
                <Table.Td>
                  <Counts row={row} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function Counts({ row: { gained, lost } }: { row: EffectRow }) {
  const { t } = useTranslation();
  if (gained === null && lost === null) return <>–</>;
  return (
    <Group gap={4} wrap="nowrap">
      {gained ? (
        <Badge variant="light" color="orange" c="var(--mantine-color-text)" tt="none">
          {t("effect.gained", { count: gained })}
        </Badge>
      ) : null}
      {lost ? (
        <Badge variant="light" color="blue" c="var(--mantine-color-text)" tt="none">
          {t("effect.lost", { count: lost })}
        </Badge>
      ) : null}
    </Group>
  );
}
