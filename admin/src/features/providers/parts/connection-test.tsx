import { Badge, Button, Code, Group, List, Loader, Modal, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { timestampCell } from "../../../fields/moments";
import type { Provider } from "../../../model/providers";
import { Failed } from "../../../ui/failed";
import { useTranslation } from "../../../words/translator";

interface Outcome {
  ok: boolean;
  steps: { name: string; ok: boolean; error?: string }[];
  last_login?: { at: string; outcome: string; claims: Record<string, unknown>; roles: string[] };
}

/** Tries the connection step by step, and shows the claims of the last login. */
export function ConnectionTest({ app, provider, onClose }: { app: string; provider: Provider; onClose: () => void }) {
  const { t } = useTranslation();
  const test = useQuery({
    queryKey: [app, "provider-test", provider.id],
    queryFn: ({ signal }) => request<Outcome>(app, "POST", `/_admin/auth-providers/${provider.id}/test`, { signal }).then((reply) => reply.data),
    gcTime: 0,
    retry: false,
  });
  const last = test.data?.last_login;
  return (
    <Modal opened onClose={onClose} title={t("providers.testOf", { name: provider.label ?? provider.name })} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        {test.isFetching && <Loader size="sm" />}
        {test.error && <Failed error={test.error} />}
        <List spacing="xs">
          {(test.data?.steps ?? []).map((step) => (
            <List.Item key={step.name}>
              <Group gap="xs">
                <Badge variant="dot" color={step.ok ? "teal" : "red"}>{t(step.ok ? "providers.good" : "providers.bad")}</Badge>
                <Text size="sm">{t(`providers.step.${step.name}`)}</Text>
              </Group>
              {step.error && <Text size="sm">{step.error}</Text>}
            </List.Item>
          ))}
        </List>
        <Title order={3} size="h5">
          {t("providers.lastLogin")}
        </Title>
        {last ? (
          <>
            <Text size="sm">
              {timestampCell(last.at)} · {last.outcome === "ok" ? t("providers.entered", { roles: last.roles.join(", ") || "–" }) : last.outcome}
            </Text>
            <Code block>{JSON.stringify(last.claims, null, 2)}</Code>
          </>
        ) : (
          <Text size="sm" c="dimmed">
            {t("providers.noLogin")}
          </Text>
        )}
        <Group justify="end">
          <Button variant="default" onClick={() => void test.refetch()}>
            {t("providers.again")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
