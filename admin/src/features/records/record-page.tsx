import { Button, Grid as Columns, Group, Loader, Stack, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "../../words/translator";
import { useEntity } from "../../api/app-schema";
import { useAt } from "../../api/moment";
import { childrenOf, type Entity, idOf, labelOf, type Row } from "../../model/schema";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { lastSeen } from "./last-seen";
import { CreationProvider } from "./parts/creation";
import { ConfirmDelete } from "./parts/confirm-delete";
import { RecordForm } from "./parts/record-form";
import { Related } from "./parts/related";
import { StartLink } from "./parts/start-link";
import { Transitions } from "./parts/transitions";
import { useFollowedRecord } from "./live-list";
import { recordQuery, useAct } from "./queries";

const Comments = lazy(() => import("./comments/panel"));
const Timelines = lazy(() => import("./comments/timelines"));
const NEW = "new";

/** One record, or the form of a new one. */
export function RecordPage() {
  const { app, entity: name, id } = useParams({ from: "/$app/records/$entity/$id" });
  const entity = useEntity(app, name);
  const key = `${name}/${id}`;
  return <CreationProvider app={app}>{id === NEW ? <NewRecord key={key} app={app} entity={entity} /> : <Record key={key} app={app} entity={entity} id={id} />}</CreationProvider>;
}

function NewRecord({ app, entity }: { app: string; entity: Entity }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const saved = (row: Row) => {
    showDone(t("record.created"));
    void navigate({ to: "/$app/records/$entity/$id", params: { app, entity: entity.name, id: idOf(entity, row) }, replace: true, ignoreBlocker: true });
  };
  return (
    <Page title={t("record.newTitle", { entity: entity.name })} actions={<BackLink app={app} entity={entity} />}>
      <RecordForm app={app} entity={entity} onSaved={saved} />
    </Page>
  );
}

function Record({ app, entity, id }: { app: string; entity: Entity; id: string }) {
  const { t } = useTranslation();
  const at = useAt();
  const record = useQuery(recordQuery(app, entity, id, at));
  useFollowedRecord(app, entity, record.data?.data, at === undefined);
  if (record.error) return <Failed error={record.error} retry={() => void record.refetch()} />;
  if (!record.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const { data: row, etag } = record.data;
  const children = childrenOf(entity);
  return (
    <Page
      title={labelOf(entity, row)}
      help={entity.name}
      actions={
        <>
          <BackLink app={app} entity={entity} />
          {at === undefined && (
            <>
              <Transitions app={app} entity={entity} id={id} etag={etag} />
              <StartLink app={app} entity={entity.name} id={id} />
              <DeleteButton app={app} entity={entity} id={id} />
            </>
          )}
        </>
      }
    >
      <Columns gap="lg">
        <Columns.Col span={{ base: 12, lg: 8 }}>
          <Stack>
            <RecordForm key={at ?? ""} app={app} entity={entity} id={id} row={row} etag={etag} readOnly={at !== undefined} onSaved={() => showDone(t("record.saved"))} />
            {children.length > 0 && (
              <Tabs defaultValue={children[0]!.name} keepMounted={false}>
                <Tabs.List>
                  {children.map((relation) => (
                    <Tabs.Tab key={relation.name} value={relation.name}>
                      {relation.name}
                    </Tabs.Tab>
                  ))}
                </Tabs.List>
                {children.map((relation) => (
                  <Tabs.Panel key={relation.name} value={relation.name} pt="xs">
                    <Related app={app} entity={entity} id={id} row={row} relation={relation} />
                  </Tabs.Panel>
                ))}
              </Tabs>
            )}
            {entity.comments !== false && (
              <Suspense fallback={<Loader size="sm" aria-label={t("shell.loading")} />}>
                <Comments app={app} entity={entity.name} id={id} recordId={idOf(entity, row)} />
              </Suspense>
            )}
          </Stack>
        </Columns.Col>
        <Columns.Col span={{ base: 12, lg: 4 }}>
          <Suspense fallback={<Loader size="sm" aria-label={t("shell.loading")} />}>
            <Timelines app={app} entity={entity} id={id} row={row} etag={etag} />
          </Suspense>
        </Columns.Col>
      </Columns>
    </Page>
  );
}

/** Leads to the list as it was left: with its search, filters, order and page. */
function BackLink({ app, entity }: { app: string; entity: Entity }) {
  const { t } = useTranslation();
  return (
    <LinkButton to="/$app/records/$entity" params={{ app, entity: entity.name }} search={lastSeen(app, entity.name)} variant="subtle" size="xs" leftSection={<Icon name="back" size={14} />}>
      {t("record.back", { entity: entity.name })}
    </LinkButton>
  );
}

function DeleteButton({ app, entity, id }: { app: string; entity: Entity; id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const act = useAct(app, entity);
  const [asking, setAsking] = useState(false);
  if (!entity.actions.includes("delete")) return null;
  const remove = async () => {
    await act.mutateAsync({ act: "delete", id });
    showDone(t("records.deleted", { count: 1 }));
    await navigate({ to: "/$app/records/$entity", params: { app, entity: entity.name }, search: lastSeen(app, entity.name), ignoreBlocker: true });
  };
  return (
    <Group>
      <Button color="red" variant="light" size="xs" onClick={() => setAsking(true)} leftSection={<Icon name="trash" size={14} />}>
        {t("action.delete")}
      </Button>
      <ConfirmDelete opened={asking} count={1} isSoft={entity.soft_delete} busy={act.isPending} onCancel={() => setAsking(false)} onConfirm={() => void remove()} />
    </Group>
  );
}
