import { Button, Grid as Columns, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "../../words/translator";
import { request } from "../../api/client";
import { type OpenApi, type Operation, operationsOf } from "../../model/openapi";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";
import { Operations } from "./parts/operations";
import { Playground } from "./parts/playground";

/** The API of the app: every operation that the caller may use, to read and to try. */
export function ApiPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const { op } = useSearch({ strict: false }) as { op?: string };
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: [app, "openapi"],
    queryFn: ({ signal }) => request<OpenApi>(app, "GET", "/openapi.json", { signal }).then((reply) => reply.data),
    staleTime: 60_000,
  });
  const operations = useMemo(() => (found.data ? ownOf(app, operationsOf(found.data)) : []), [app, found.data]);
  const chosen = operations.find((each) => each.id === op);
  const choose = (id: string) => void navigate({ to: ".", search: { op: id } as never });
  return (
    <Page
      title={t("nav.api")}
      help={t("api.help")}
      actions={
        <Button component="a" size="xs" variant="default" href={`/api/${app}/docs`} target="_blank" rel="noreferrer">
          {t("api.plainDocs")}
        </Button>
      }
    >
      {found.error && <Failed error={found.error} retry={() => void found.refetch()} />}
      {!found.data && !found.error && <Loader aria-label={t("shell.loading")} />}
      {found.data && (
        <Columns gap="lg">
          <Columns.Col span={{ base: 12, md: 4 }}>
            <Operations operations={operations} chosen={op} onChoose={choose} />
          </Columns.Col>
          <Columns.Col span={{ base: 12, md: 8 }}>
            {chosen ? <Playground key={chosen.id} app={app} document={found.data} operation={chosen} /> : <Text c="dimmed">{t("api.choose")}</Text>}
          </Columns.Col>
        </Columns>
      )}
    </Page>
  );
}

/** The operations of the app itself; those of entities stand first, as they are what it is there for. */
function ownOf(app: string, operations: Operation[]): Operation[] {
  const own = operations.filter((each) => each.path.startsWith(`/api/${app}/`));
  const isOfRecords = (each: Operation) => !/^\/api\/[^/]+\/(_|auth\/|docs$|[a-z]+\.json$)/.test(each.path);
  return [...own.filter(isOfRecords), ...own.filter((each) => !isOfRecords(each))];
}
