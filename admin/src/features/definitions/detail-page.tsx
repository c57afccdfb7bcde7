import { Alert, Button, Code, Grid as Columns, Group, Loader, Stack, Tabs, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useAppSchema } from "../../api/app-schema";
import { parseExact } from "../../model/json";
import { hintOf, messageOf, showDone, showWarning } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { FORMS } from "./forms";
import { EntityForm } from "./parts/entity-form";
import { DocumentScope } from "./parts/scope";
import { Versions } from "./parts/versions";
import { type Document, definitionQuery, documentOf, handleOf, titleOf, useDeleteDefinition, usePlan, useSaveDefinition } from "./queries";
import { templateOf } from "./templates";

const NEW = "new";

/** One definition: as a form where its kind has one, and always as JSON; both show the same. */
export function DefinitionPage() {
  const { app, kind, id } = useParams({ from: "/$app/define/$kind/$id" });
  return id === NEW ? <NewDefinition key={kind} app={app} kind={kind} /> : <Stored key={`${kind}/${id}`} app={app} kind={kind} id={id} />;
}

function NewDefinition({ app, kind }: { app: string; kind: string }) {
  const { t } = useTranslation();
  const first = useAppSchema(app).entities[0]?.name ?? "";
  return (
    <Page title={t(`kindNew.${kind}`)} help={t(`kindHelp.${kind}`)}>
      <Editor app={app} kind={kind} initial={templateOf(kind, first)} />
    </Page>
  );
}

function Stored({ app, kind, id }: { app: string; kind: string; id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const found = useQuery(definitionQuery(app, kind, id));
  const remove = useDeleteDefinition(app, kind);
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  const { data: row, etag } = found.data;
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
        <Button color="red" variant="light" size="xs" loading={remove.isPending} onClick={() => void discard()} leftSection={<Icon name="trash" size={14} />}>
          {t("action.delete")}
        </Button>
      }
    >
      <Columns gap="lg">
        <Columns.Col span={{ base: 12, lg: 9 }}>
          <Editor key={etag} app={app} kind={kind} id={id} etag={etag} initial={documentOf(kind, row)} />
        </Columns.Col>
        <Columns.Col span={{ base: 12, lg: 3 }}>
          <Versions app={app} kind={kind} id={id} />
        </Columns.Col>
      </Columns>
    </Page>
  );
}

interface EditorProps {
  app: string;
  kind: string;
  id?: string;
  etag?: string | null;
  initial: Document;
}

function Editor({ app, kind, id, etag, initial }: EditorProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [document, setDocument] = useState(initial);
  const save = useSaveDefinition(app, kind);
  const plan = usePlan(app, kind);
  const change = { ...(id === undefined ? {} : { id }), document, etag: etag ?? null };
  const Form = FORMS[kind];
  const hasForm = kind === "entities" || Form !== undefined;
  const error = save.error ?? plan.error;
  const submit = async () => {
    const reply = await save.mutateAsync(change).catch(() => undefined);
    if (!reply) return;
    showDone(t("definitions.saved"));
    for (const warning of reply.warnings) showWarning(warning.path, warning.message);
    const handle = kind === "entities" || kind === "relations" ? String(document["name"]) : handleOf(kind, reply.data);
    await navigate({ to: "/$app/define/$kind/$id", params: { app, kind, id: handle }, replace: true });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack>
        {error && (
          <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
            {hintOf(error)}
          </Alert>
        )}
        <Tabs defaultValue={hasForm ? "form" : "json"} keepMounted={false}>
          <Tabs.List>
            {hasForm && <Tabs.Tab value="form">{t("definitions.form")}</Tabs.Tab>}
            <Tabs.Tab value="json">{t("definitions.json")}</Tabs.Tab>
          </Tabs.List>
          {hasForm && (
            <Tabs.Panel value="form" pt="sm">
              {Form ? (
                <DocumentScope app={app} document={document} onChange={setDocument}>
                  <Suspense fallback={<Loader size="sm" aria-label={t("shell.loading")} />}>
                    <Form isNew={id === undefined} />
                  </Suspense>
                </DocumentScope>
              ) : (
                <EntityForm document={document} onChange={setDocument} isNew={id === undefined} />
              )}
            </Tabs.Panel>
          )}
          <Tabs.Panel value="json" pt="sm">
            <JsonEditor document={document} onChange={setDocument} />
          </Tabs.Panel>
        </Tabs>
        {plan.data && (
          <Alert color="blue" title={t("definitions.plan")}>
            <Code block>{(plan.data.statements ?? []).join(";\n") || t("definitions.planNothing")}</Code>
          </Alert>
        )}
        <Group>
          <Button type="submit" size="sm" loading={save.isPending}>
            {t("action.save")}
          </Button>
          <Button variant="default" size="sm" loading={plan.isPending} onClick={() => plan.mutate(change)}>
            {t("definitions.showPlan")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function JsonEditor({ document, onChange }: { document: Document; onChange: (document: Document) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(JSON.stringify(document, null, 2));
  const [problem, setProblem] = useState<string>();
  const edit = (typed: string) => {
    setText(typed);
    try {
      onChange(parseExact(typed) as Document);
      setProblem(undefined);
    } catch (mistake) {
      setProblem(t("form.notJson", { reason: (mistake as Error).message }));
    }
  };
  return (
    <Textarea
      aria-label={t("definitions.json")}
      autosize
      minRows={12}
      maxRows={40}
      classNames={{ input: "rk-mono" }}
      value={text}
      error={problem}
      onChange={(event) => edit(event.currentTarget.value)}
    />
  );
}
