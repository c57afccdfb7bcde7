import { Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { differences } from "../../../model/workflow-diff";
import { Differences } from "../../../ui/differences";
import { Failed } from "../../../ui/failed";
import { type Document, documentOf, versionQuery } from "../queries";

interface Props {
  app: string;
  kind: string;
  id: string;
  version: number;
  current: Document;
}

/** What has changed since a version: by step and key where the definition has steps. */
export function VersionDiff({ app, kind, id, version, current }: Props) {
  const { t } = useTranslation();
  const found = useQuery(versionQuery(app, kind, id, version));
  if (found.error) return <Failed error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  return <Differences found={differences(documentOf(kind, found.data), current)} label={t("diff.since", { version })} />;
}
