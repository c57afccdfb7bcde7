/** What is shown where an address leads to nothing, or a screen fails: what may have been meant, and the way back. */

import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useParams } from "@tanstack/react-router";
import { useTranslation } from "../words/translator";
import { schemaQuery, useIsAdmin } from "../api/app-schema";
import { isApiError } from "../api/errors";
import { isLoggedIn } from "../api/session";
import { nearest } from "../model/nearest";
import { Failed } from "../ui/failed";
import { sectionsOf } from "./navigation";

/** An address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app?: string };
  return (
    <Stack p="xl" align="flex-start">
      <Title order={1} size="h3">
        {t("notFound.title")}
      </Title>
      <Text>{t("notFound.text")}</Text>
      {app && isLoggedIn(app) && <Meant app={app} />}
      <Anchor component={Link} to={app ? `/${app}` : "/"}>
        {t("notFound.home")}
      </Anchor>
    </Stack>
  );
}

/** A screen that failed. Where it names an entity that there is not, similar ones are offered. */
export function FailedScreen({ error, reset }: { error: Error; reset: () => void }) {
  const { app } = useParams({ strict: false }) as { app?: string };
  const isUnknown = isApiError(error, 404);
  return (
    <>
      <Failed error={error} {...(isUnknown ? {} : { retry: reset })} />
      {isUnknown && app && (
        <Stack px="md">
          <Meant app={app} />
        </Stack>
      )}
    </>
  );
}

/** Screens whose address is similar to the present one. */
function Meant({ app }: { app: string }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const schema = useQuery(schemaQuery(app));
  const isAdmin = useIsAdmin(app);
  const paths = sectionsOf(app, schema.data?.entities ?? [], isAdmin).flatMap((section) => section.entries.map((entry) => entry.to));
  const byEnd = new Map(paths.map((path) => [path.split("/").at(-1)!, path]));
  const words = pathname.split("/").filter((part) => part !== "" && part !== app && part !== "records" && part !== "define");
  const found = [...new Set(words.flatMap((word) => nearest(word, [...byEnd.keys()])))];
  if (found.length === 0) return null;
  return (
    <Group gap="xs">
      <Text>{t("notFound.meant")}</Text>
      {found.map((name) => (
        <Anchor key={name} component={Link} to={byEnd.get(name)!}>
          {name}
        </Anchor>
      ))}
    </Group>
  );
}
