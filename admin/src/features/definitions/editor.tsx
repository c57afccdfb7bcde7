import { Alert, Button, Group, Loader, Stack, Tabs } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useTranslation } from "../../words/translator";
import { differences } from "../../model/workflow-diff";
import { Differences } from "../../ui/differences";
import { hintOf, messageOf, showDone, showWarning } from "../../ui/errors";
import { useIsHere } from "../../ui/is-here";
import { later } from "../../ui/later";
import { type Draft, useDraft } from "./draft";
import { FORMS } from "./forms";
import { DraftNotice, Steps } from "./parts/draft-notice";
import { JsonTab } from "./parts/json-tab";
import { PlanView } from "./parts/plan-view";
import { DocumentScope, ProblemsOf } from "./parts/scope";
import { type Problems, problemsIn } from "./problems";
import { type Change, type Document, handleOf, useMistakes, usePlan, useSaveDefinition } from "./queries";

const SecretDialog = later(() => import("./webhook/secret-dialog"), "SecretDialog");

interface EditorProps {
  app: string;
  kind: string;
  id?: string;
  etag?: string | null;
  initial: Document;
}

const NAMED = ["entities", "relations"];

/** A definition that is edited as a form or as JSON, planned, and saved. What is typed is kept until then. */
export function Editor({ app, kind, id, etag, initial }: EditorProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [isCompared, compare] = useState(false);
  const draft = useDraft(`${app}/${kind}/${id ?? "new"}`, initial, etag ?? null);
  const { document } = draft;
  const save = useSaveDefinition(app, kind);
  const isHere = useIsHere();
  const [secret, setSecret] = useState<{ text: string; handle: string }>();
  const plan = usePlan(app, kind);
  const change: Change = { ...(id === undefined ? {} : { id }), document, etag: etag ?? null };
  const mistakes = useMistakes(app, kind, change, draft.isChanged);
  const error = save.error ?? plan.error;
  const refused = (save.error ? save.variables : plan.variables)?.document;
  const problems = mistakes ?? (refused ? problemsIn(error, refused) : null);
  useHotkeys([["mod+Z", () => draft.undo?.()], ["mod+shift+Z", () => draft.redo?.()]]);
  const submit = async () => {
    plan.reset();
    const reply = await save.mutateAsync(change).catch(() => undefined);
    if (!reply) return;
    draft.forget();
    showDone(t("definitions.saved"));
    for (const warning of reply.warnings) showWarning(warning.path, warning.message);
    const handle = NAMED.includes(kind) ? String(document["name"]) : handleOf(kind, reply.data);
    if (typeof reply.data["secret"] === "string") setSecret({ text: reply.data["secret"], handle });
    else if (isHere()) await open(handle);
  };
  const open = (handle: string) => navigate({ to: "/$app/define/$kind/$id", params: { app, kind, id: handle }, replace: true });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack>
        <DraftNotice draft={draft} />
        {error && refused === document && (
          <Alert color="red" role="alert" title={messageOf(error)} style={{ whiteSpace: "pre-line" }}>
            {hintOf(error)}
          </Alert>
        )}
        <Views app={app} kind={kind} id={id} draft={draft} problems={problems} />
        {plan.data && plan.variables?.document === document && <PlanView app={app} document={document} plan={plan.data} onRepaired={() => plan.mutate(change)} />}
        <Group>
          <Button type="submit" size="sm" loading={save.isPending}>
            {t("action.save")}
          </Button>
          <Button variant="default" size="sm" loading={plan.isPending} onClick={() => plan.mutate(change)}>
            {t("definitions.showPlan")}
          </Button>
          <Steps draft={draft} isCompared={isCompared} compare={id === undefined ? undefined : compare} />
        </Group>
        {isCompared && draft.isChanged && id !== undefined && <Differences found={differences(initial, document)} label={t("draft.changes")} />}
        {secret && <SecretDialog secret={secret.text} onClose={() => void open(secret.handle)} />}
      </Stack>
    </form>
  );
}

interface ViewsProps {
  app: string;
  kind: string;
  id: string | undefined;
  draft: Draft;
  problems: Problems | null;
}

/** The same document as a form, where its kind has one, and as JSON. */
function Views({ app, kind, id, draft, problems }: ViewsProps) {
  const { t } = useTranslation();
  const Form = FORMS[kind];
  return (
    <Tabs defaultValue={Form ? "form" : "json"} keepMounted={false}>
      <Tabs.List>
        {Form && <Tabs.Tab value="form">{t("definitions.form")}</Tabs.Tab>}
        <Tabs.Tab value="json">{t("definitions.json")}</Tabs.Tab>
      </Tabs.List>
      {Form && (
        <Tabs.Panel value="form" pt="sm">
          <ProblemsOf problems={problems}>
            <DocumentScope app={app} document={draft.document} onChange={draft.set}>
              <Suspense fallback={<Loader size="sm" aria-label={t("shell.loading")} />}>
                <Form isNew={id === undefined} id={id} />
              </Suspense>
            </DocumentScope>
          </ProblemsOf>
        </Tabs.Panel>
      )}
      <Tabs.Panel value="json" pt="sm">
        <JsonTab draft={draft} problems={problems} />
      </Tabs.Panel>
    </Tabs>
  );
}
