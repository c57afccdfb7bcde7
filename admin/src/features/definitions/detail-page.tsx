import { Button, Grid as Columns, Loader, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { later } from "../../ui/later";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Editor } from "./editor";
import { Versions } from "./parts/versions";
import { definitionQuery, documentOf, titleOf, useDeleteDefinition } from "./queries";
import { templateOf } from "./templates";
import type { Health } from "./webhook/queries";

const Endpoint = later(() => import("./webhook/endpoint"), "Endpoint");

const NEW = "new";

/** One definition: as a form where its kind has one, and always as JSON; both show the same. */
export function DefinitionPage() {
  const { app, kind, id } = useParams({ from: "/$app/define/$kind/$id" });
  return id === NEW ? <NewDefinition key={kind} app={app} kind={kind} /> : <Stored key={`${kind}/${id}`} app={app} kind={kind} id={id} />;
}

function NewDefinition({ app, kind }: { app: string; kind: string }) {
  const { t } = useTranslation();
  const first = useAppSchema(app).entities[0]?.name ?? "";
  const asked = useSearch({ strict: false }) as Asked;
  return (
    <Page title={t(`kindNew.${kind}`)} help={t(`kindHelp.${kind}`)}>
      <Editor app={app} kind={kind} initial={{ ...templateOf(kind, first), ...begun(kind, asked) }} />
    </Page>
  );
}

interface Asked {
  entity?: string;
  action?: string;
  role?: string;
}

/** What a new permission begins with where it was asked for in the matrix. */
function begun(kind: string, { entity, action, role }: Asked) {
  return kind === "permissions" && entity && action && role ? { entity, action, roles: [role] } : {};
}

function Stored({ app, kind, id }: { app: string; kind: string; id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const found = useQuery(definitionQuery(app, kind, id));
  const remove = useDeleteDefinition(app, kind);
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const { data: row, etag } = found.data;
  // A builder and a table of fields need the room; what was before stands below them.
  const isWide = ["workflows", "entities", "notification-templates", "dashboards"].includes(kind);
  const discard = async () => {
    await remove.mutateAsync(id);
    showDone(t("definitions.deleted"));
    await navigate({ to: "/$app/define/$kind", params: { app, kind } });
  };
  return (
    <Page
      title={titleOf(row)}
      help={t(`kind.${kind}`)}
      actions={
        <>
        {kind === "dashboards" && (
          <LinkButton size="xs" variant="default" to="/$app/dashboards/$id" params={{ app, id }}>
            {t("board.view")}
          </LinkButton>
        )}
        <Button color="red" variant="light" size="xs" loading={remove.isPending} onClick={() => void discard()} leftSection={<Icon name="trash" size={14} />}>
          {t("action.delete")}
        </Button>
        </>
      }
    >
      <Columns gap="lg">
        <Columns.Col span={{ base: 12, lg: isWide ? 12 : 9 }}>
          <Stack>
            <Editor key={etag} app={app} kind={kind} id={id} etag={etag} initial={documentOf(kind, row)} />
            {kind === "webhooks" && <Endpoint app={app} id={id} health={row as Health} isAsked={row["async"] === false} />}
          </Stack>
        </Columns.Col>
        <Columns.Col span={{ base: 12, lg: isWide ? 12 : 3 }}>
          <Versions app={app} kind={kind} id={id} current={documentOf(kind, row)} />
        </Columns.Col>
      </Columns>
    </Page>
  );
}
