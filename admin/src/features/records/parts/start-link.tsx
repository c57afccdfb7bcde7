import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { Icon } from "../../../ui/icons";
import { LinkButton } from "../../../ui/link-button";

/** Leads to the start of workflows about a record, where the caller may start any. */
export function StartLink({ app, entity, id }: { app: string; entity: string; id: string }) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: [app, "startable", entity],
    queryFn: ({ signal }) => request<unknown[]>(app, "GET", "/_workflows/startable", { query: { entity }, signal }).then((reply) => reply.data),
    staleTime: 60_000,
    meta: { shown: true },
  });
  if (!found.data?.length) return null;
  return (
    <LinkButton to="/$app/tasks/start" params={{ app }} search={{ entity, record: id } as never} variant="default" size="xs" leftSection={<Icon name="flow" size={14} />}>
      {t("start.title")}
    </LinkButton>
  );
}
