import { Alert, Button, Group, List, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { request } from "../../../api/client";
import { LinkButton } from "../../../ui/link-button";
import { useScope } from "./scope";

interface Trial {
  violating: number;
  looked_at: number;
  complete: boolean;
  ids: string[];
}

/** Which stored records would violate the rule as it is typed, before it is saved. */
export function RuleTrial() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const trial = useMutation({
    mutationFn: () => request<Trial>(app, "POST", "/_admin/rules/try", { body: document }).then((reply) => reply.data),
  });
  const found = trial.data;
  return (
    <>
      <Group>
        <Button size="xs" variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
          {t("rule.try")}
        </Button>
        <Text size="sm" c="dimmed">
          {t("rule.tryHelp")}
        </Text>
      </Group>
      {found && (
        <Alert color={found.violating > 0 ? "orange" : "teal"} title={t("rule.violating", { count: found.violating, total: found.looked_at })}>
          {!found.complete && <Text size="sm">{t("rule.incomplete")}</Text>}
          <List size="sm">
            {found.ids.map((id) => (
              <List.Item key={id}>
                <LinkButton to="/$app/records/$entity/$id" params={{ app, entity: String(document["entity"]), id }} variant="subtle" size="compact-xs">
                  {id}
                </LinkButton>
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  );
}
