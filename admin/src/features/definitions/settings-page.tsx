import { Alert, Button, Grid as Columns, Group, Loader, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { hintOf, messageOf, showDone } from "../../ui/errors";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { useDraft } from "./draft";
import { DraftNotice, Steps } from "./parts/draft-notice";
import { DocumentScope, ProblemsOf } from "./parts/scope";
import { SettingsForm } from "./parts/settings-form";
import { Versions } from "./parts/versions";
import { problemsIn } from "./problems";
import { type Document, definitionQuery, useSaveDefinition } from "./queries";

const KIND = "settings";

/** The settings of an app. There is one document of them, with versions as definitions have. */
export function SettingsPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const found = useQuery(definitionQuery(app, KIND, ""));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader m="xl" aria-label={t("shell.loading")} />;
  return (
    <Page title={t("nav.settings")} help={t("settings.help")}>
      <Columns gap="lg">
        <Columns.Col span={{ base: 12, lg: 9 }}>
          <SettingsEditor key={found.data.etag} app={app} etag={found.data.etag} initial={found.data.data} />
        </Columns.Col>
        <Columns.Col span={{ base: 12, lg: 3 }}>
          <Versions app={app} kind={KIND} id="" current={found.data.data} />
        </Columns.Col>
      </Columns>
    </Page>
  );
}

function SettingsEditor({ app, etag, initial }: { app: string; etag: string | null; initial: Document }) {
  const { t } = useTranslation();
  const draft = useDraft(`${app}/${KIND}`, initial, etag);
  const save = useSaveDefinition(app, KIND);
  const submit = async () => {
    const reply = await save.mutateAsync({ id: "", document: draft.document, etag }).catch(() => undefined);
    if (!reply) return;
    draft.forget();
    showDone(t("definitions.saved"));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack>
        <DraftNotice draft={draft} />
        {save.error && (
          <Alert color="red" role="alert" title={messageOf(save.error)} style={{ whiteSpace: "pre-line" }}>
            {hintOf(save.error)}
          </Alert>
        )}
        <ProblemsOf problems={save.variables ? problemsIn(save.error, save.variables.document) : null}>
          <DocumentScope app={app} document={draft.document} onChange={draft.set}>
            <SettingsForm />
          </DocumentScope>
        </ProblemsOf>
        <Group>
          <Button type="submit" size="sm" loading={save.isPending}>
            {t("action.save")}
          </Button>
          <Steps draft={draft} />
        </Group>
      </Stack>
    </form>
  );
}
