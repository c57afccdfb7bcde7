import { Autocomplete, Button, Group, Modal, Stack, Switch, TagsInput, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useMe } from "../../api/app-schema";
import { request } from "../../api/client";
import { isApiError } from "../../api/errors";
import { usePeople } from "../../api/people";
import { timestampCell } from "../../fields/moments";
import type { Delegation } from "../../model/tasks";
import { Act } from "../../ui/act";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { Status } from "../../ui/status";
import { delegationsQuery } from "./queries";

/** Who decides in whose place: the caller's own delegations, for admins those of everybody. */
export function DelegationsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/tasks/delegations" });
  const me = useMe(app);
  const isAdmin = me?.roles.includes("admin") ?? false;
  const [all, showAll] = useState(false);
  const [asking, ask] = useState(false);
  const found = useQuery(delegationsQuery(app, all && isAdmin));
  return (
    <Page
      title={t("delegations.title")}
      help={t("delegations.help")}
      actions={
        <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => ask(true)}>
          {t("delegations.new")}
        </Button>
      }
    >
      {isAdmin && <Switch size="sm" label={t("delegations.all")} checked={all} onChange={(event) => showAll(event.currentTarget.checked)} />}
      {found.error && <Failed error={found.error} retry={() => void found.refetch()} />}
      {found.data?.length === 0 && <Text c="dimmed">{t("delegations.none")}</Text>}
      {!!found.data?.length && <Rows app={app} rows={found.data} mine={me?.id} isAdmin={isAdmin} />}
      {asking && <NewDelegation app={app} isAdmin={isAdmin} onClose={() => ask(false)} />}
    </Page>
  );
}

function Rows({ app, rows, mine, isAdmin }: { app: string; rows: Delegation[]; mine: string | undefined; isAdmin: boolean }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table aria-label={t("delegations.title")}>
        <Table.Thead>
          <Table.Tr>
            {["delegations.from", "delegations.to", "delegations.time", "delegations.workflows", "tasks.reason", "instances.status", "tasks.decide"].map((word) => (
              <Table.Th key={word}>{t(word)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>{row.from.email}</Table.Td>
              <Table.Td>{row.to.email}</Table.Td>
              <Table.Td>
                {timestampCell(row.from_time)} – {timestampCell(row.until)}
              </Table.Td>
              <Table.Td>{row.workflows?.join(", ") ?? t("delegations.every")}</Table.Td>
              <Table.Td className="rk-break">{row.reason}</Table.Td>
              <Table.Td>
                <Status value={row.active ? "running" : Date.parse(row.until) < Date.now() ? "closed" : "pending"} />
              </Table.Td>
              <Table.Td>{(isAdmin || row.from.id === mine) && <Act app={app} method="DELETE" path={`/_workflows/delegations/${row.id}`} label={t("delegations.end")} done={t("delegations.ended")} />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function NewDelegation({ app, isAdmin, onClose }: { app: string; isAdmin: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const emails = usePeople(app).map((person) => person.email);
  const [values, setValues] = useState({ to: "", from: "", from_time: "", until: "", reason: "", workflows: [] as string[] });
  const put = (part: Partial<typeof values>) => setValues({ ...values, ...part });
  const create = useMutation({
    mutationFn: () => request(app, "POST", "/_workflows/delegations", { body: bodyOf(values) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [app, "delegations"] });
      showDone(t("delegations.made"));
      onClose();
    },
    meta: { shown: true },
  });
  const wrong = isApiError(create.error, 422) ? create.error.byField : {};
  return (
    <Modal opened onClose={onClose} title={t("delegations.new")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        {create.error && <Failed error={create.error} />}
        <Autocomplete label={t("delegations.to")} required data={emails} value={values.to} error={wrong["to"]} onChange={(to) => put({ to })} data-autofocus />
        {isAdmin && <Autocomplete label={t("delegations.fromOther")} data={emails} value={values.from} error={wrong["from"]} onChange={(from) => put({ from })} />}
        <Group grow align="flex-start">
          <TextInput type="datetime-local" label={t("delegations.begins")} value={values.from_time} error={wrong["from_time"]} onChange={(event) => put({ from_time: event.currentTarget.value })} />
          <TextInput type="datetime-local" label={t("delegations.until")} required value={values.until} error={wrong["until"]} onChange={(event) => put({ until: event.currentTarget.value })} />
        </Group>
        <TagsInput label={t("delegations.workflows")} placeholder={t("delegations.every")} value={values.workflows} error={wrong["workflows"]} onChange={(workflows) => put({ workflows })} />
        <TextInput label={t("tasks.reason")} value={values.reason} onChange={(event) => put({ reason: event.currentTarget.value })} />
        <Button loading={create.isPending} disabled={values.to === "" || values.until === ""} onClick={() => create.mutate()}>
          {t("delegations.new")}
        </Button>
      </Stack>
    </Modal>
  );
}

function bodyOf(values: { to: string; from: string; from_time: string; until: string; reason: string; workflows: string[] }): Record<string, unknown> {
  const { to, from, from_time: begins, until, reason, workflows } = values;
  return {
    to, until: new Date(until).toISOString(),
    ...(from ? { from } : {}), ...(begins ? { from_time: new Date(begins).toISOString() } : {}),
    ...(reason ? { reason } : {}), ...(workflows.length > 0 ? { workflows } : {}),
  };
}
