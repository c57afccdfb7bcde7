import { Alert, Badge, Group, List, Loader, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { ACTIONS } from "../../model/policies";
import { Failed } from "../../ui/failed";
import { Page } from "../../ui/page";

interface Condition {
  field: string;
  operator: string;
  value: unknown;
  stored?: unknown;
  holds: boolean | null;
}

interface Explanation {
  verdict: "allowed" | "denied" | "masked" | "depends" | "missing";
  reason: string;
  roles: string[];
  policies: { id: string; roles: string[]; applies: boolean; holds: boolean | null; conditions: Condition[] }[];
}

type Asked = { [key in "user" | "entity" | "action" | "record" | "field"]?: string | undefined };

const COLOURS: Record<string, string> = { allowed: "teal", masked: "orange", depends: "yellow", denied: "red", missing: "gray" };
const TYPING_MS = 400;

/** What a user may do, and why: by the code that decides. */
export function ExplainPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const asked = useSearch({ strict: false }) as Asked;
  const isWhole = Boolean(asked.user && asked.entity);
  const found = useQuery({
    queryKey: [app, "explain", asked],
    queryFn: ({ signal }) => {
      const more = { ...(asked.record ? { record_id: asked.record } : {}), ...(asked.field ? { field: asked.field } : {}) };
      const body = { user: asked.user, entity: asked.entity, action: asked.action ?? "read", ...more };
      return request<Explanation>(app, "POST", "/_admin/explain", { body, signal }).then((reply) => reply.data);
    },
    enabled: isWhole,
  });
  return (
    <Page title={t("explain.title")} help={t("explain.help")}>
      <Stack>
        <Question app={app} asked={asked} />
        {found.error && <Failed error={found.error} />}
        {found.isLoading && <Loader size="sm" aria-label={t("shell.loading")} />}
        {found.data && <Verdict found={found.data} />}
      </Stack>
    </Page>
  );
}

function Question({ app, asked }: { app: string; asked: Asked }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const entities = useAppSchema(app).entities;
  const users = useQuery({
    queryKey: [app, "users"],
    queryFn: ({ signal }) => request<{ email: string }[]>(app, "GET", "/_admin/users", { signal }).then((reply) => reply.data),
  });
  const change = (part: Asked) => void navigate({ to: ".", search: { ...asked, ...part } as never, replace: true });
  const type = useDebouncedCallback((record: string) => change({ record: record || undefined }), TYPING_MS);
  const fields = entities.find((each) => each.name === asked.entity)?.fields.map((field) => field.name) ?? [];
  return (
    <Group align="flex-end" gap="xs">
      <Select size="xs" w={240} searchable required label={t("explain.user")} data={[...new Set((users.data ?? []).map((user) => user.email))]} value={asked.user ?? null} onChange={(user) => change({ user: user ?? undefined })} />
      <Select size="xs" w={130} allowDeselect={false} label={t("key.action")} data={ACTIONS.map((action) => ({ value: action, label: t(`matrix.${action}`) }))} value={asked.action ?? "read"} onChange={(action) => change({ action: action ?? undefined })} />
      <Select size="xs" w={180} searchable required label={t("key.entity")} data={entities.map((each) => each.name)} value={asked.entity ?? null} onChange={(entity) => change({ entity: entity ?? undefined, field: undefined, record: undefined })} />
      <Select size="xs" w={160} clearable searchable label={t("key.field")} data={fields} value={asked.field ?? null} onChange={(field) => change({ field: field ?? undefined })} />
      <TextInput size="xs" w={280} label={t("audit.record")} defaultValue={asked.record ?? ""} onChange={(event) => type(event.currentTarget.value.trim())} />
    </Group>
  );
}

function Verdict({ found }: { found: Explanation }) {
  const { t } = useTranslation();
  return (
    <>
      <Alert color={COLOURS[found.verdict] ?? "gray"} title={t(`explain.${found.verdict}`)} role="status">
        {found.reason}
      </Alert>
      <Table fz="sm" aria-label={t("kind.permissions")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("users.roles")}</Table.Th>
            <Table.Th>{t("explain.applies")}</Table.Th>
            <Table.Th>{t("policy.conditions")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {found.policies.map((policy) => (
            <Table.Tr key={policy.id}>
              <Table.Td>{policy.roles.join(", ")}</Table.Td>
              <Table.Td>
                <Holds value={policy.applies ? policy.holds : false} />
              </Table.Td>
              <Table.Td>
                {policy.conditions.length === 0 && <Text size="sm">{t("matrix.everyRecord")}</Text>}
                <List size="sm">
                  {policy.conditions.map((condition) => (
                    <List.Item key={`${condition.field} ${condition.operator}`}>
                      <span className="rk-mono">
                        {condition.field} {t(`op.${condition.operator}`, { defaultValue: condition.operator })} {JSON.stringify(condition.value)}
                      </span>{" "}
                      <Holds value={condition.holds} />
                    </List.Item>
                  ))}
                </List>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

function Holds({ value }: { value: boolean | null }) {
  const { t } = useTranslation();
  const [word, color] = value === null ? ["explain.depends", "yellow"] : value ? ["value.yes", "teal"] : ["value.no", "gray"];
  return (
    <Badge variant="light" color={color} c="var(--mantine-color-text)" tt="none">
      {t(word)}
    </Badge>
  );
}
