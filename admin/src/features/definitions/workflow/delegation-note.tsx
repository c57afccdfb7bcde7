import { List, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { timestampCell } from "../../../fields/moments";
import type { Delegation } from "../../../model/tasks";
import { useTranslation } from "../../../words/translator";
import { useBuilder } from "./context";

const MAX_ASKED = "100";

/** That delegates decide in the place of those who are away, and who these are now for this workflow. */
export function DelegationNote() {
  const { t } = useTranslation();
  const { app, definition } = useBuilder();
  const found = useQuery({
    queryKey: [app, "delegations", "active"],
    queryFn: ({ signal }) => request<Delegation[]>(app, "GET", "/_workflows/delegations", { signal, query: { all: "true", active: "true", per_page: MAX_ASKED } }).then((reply) => reply.data),
    meta: { shown: true },
  });
  const here = (found.data ?? []).filter((each) => each.workflows === null || each.workflows.includes(String(definition["name"])));
  return (
    <section aria-label={t("delegations.title")}>
      <Text size="xs" c="dimmed">
        {t(here.length > 0 ? "flow.delegationsNow" : "flow.delegationsNone")}
      </Text>
      <List size="xs">
        {here.map((each) => (
          <List.Item key={each.id}>{t("flow.delegation", { from: each.from.email, to: each.to.email, until: timestampCell(each.until) })}</List.Item>
        ))}
      </List>
    </section>
  );
}
