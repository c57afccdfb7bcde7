import { Badge, Group, SegmentedControl, Select, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { keys, useAppSchema } from "../../api/app-schema";
import { request } from "../../api/client";
import { useRoles } from "../../api/roles";
import { ACTIONS, type Action, type Policy, conditionText, fieldAccess, rolesOf } from "../../model/policies";
import type { Entity } from "../../model/schema";
import { Failed } from "../../ui/failed";
import { LinkButton } from "../../ui/link-button";
import { Page } from "../../ui/page";
import { Cell } from "./parts/cell";
import { COLORS } from "./parts/colors";

interface EntityRow {
  name: string;
  definition: { fields: { name: string; pii?: boolean }[] };
}

/** The fields of an entity that hold personal data: policies may mask them all at once. */
function personal(rows: EntityRow[] | undefined, entity: string): Set<string> {
  const fields = rows?.find((row) => row.name === entity)?.definition.fields ?? [];
  return new Set(fields.filter((field) => field.pii).map((field) => field.name));
}

/** Who may do what: roles by entities, or, within one entity, roles by fields. */
export function MatrixPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const { entity: chosen } = useSearch({ strict: false }) as { entity?: string };
  const navigate = useNavigate();
  const entities = useAppSchema(app).entities;
  const known = useRoles(app);
  const list = useQuery({
    queryKey: keys.definitions(app, "permissions"),
    queryFn: ({ signal }) => request<Policy[]>(app, "GET", "/_admin/permissions", { signal }).then((reply) => reply.data),
  });
  const definitions = useQuery({
    queryKey: keys.definitions(app, "entities"),
    queryFn: ({ signal }) => request<EntityRow[]>(app, "GET", "/_admin/entities", { signal }).then((reply) => reply.data),
  });
  const choose = (entity: string | null) => void navigate({ to: ".", search: (entity ? { entity } : {}) as never, replace: true });
  const entity = entities.find((each) => each.name === chosen);
  const roles = rolesOf(list.data ?? [], known);
  return (
    <Page
      title={t("matrix.title")}
      help={t("matrix.help")}
      actions={
        <>
          <Select size="xs" clearable placeholder={t("matrix.allEntities")} aria-label={t("key.entity")} data={entities.map((each) => each.name)} value={chosen ?? null} onChange={choose} />
          <LinkButton size="xs" to="/$app/define/$kind/$id" params={{ app, kind: "permissions", id: "new" }}>
            {t("matrix.add")}
          </LinkButton>
        </>
      }
    >
      {list.error && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.data && (entity ? <Fields policies={list.data} roles={roles} entity={entity} pii={personal(definitions.data, entity.name)} app={app} /> : <Entities app={app} policies={list.data} roles={roles} entities={entities} onOpen={choose} />)}
      <Legend />
    </Page>
  );
}

function Entities({ app, policies, roles, entities, onOpen }: { app: string; policies: Policy[]; roles: string[]; entities: Entity[]; onOpen: (entity: string) => void }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={160 + roles.length * 150}>
      <Table aria-label={t("matrix.title")} withColumnBorders>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("key.entity")}</Table.Th>
            {roles.map((role) => (
              <Table.Th key={role}>{role}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entities.map((entity) => (
            <Table.Tr key={entity.name}>
              <Table.Th scope="row">
                <Text component="button" type="button" className="rk-plain" size="sm" onClick={() => onOpen(entity.name)}>
                  {entity.name}
                </Text>
              </Table.Th>
              {roles.map((role) => (
                <Table.Td key={role}>
                  <Group gap={4} wrap="nowrap">
                    {ACTIONS.map((action) => (
                      <Cell key={action} {...{ app, policies, role, action }} entity={entity.name} />
                    ))}
                  </Group>
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Fields({ policies, roles, entity, pii, app }: { policies: Policy[]; roles: string[]; entity: Entity; pii: Set<string>; app: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { action: wanted } = useSearch({ strict: false }) as { action?: string };
  const action = wanted === "update" ? "update" : "read";
  const own = policies.filter((policy) => policy.entity === entity.name);
  const choose = (next: string) => void navigate({ to: ".", search: { entity: entity.name, action: next } as never, replace: true });
  return (
    <Stack>
      <SegmentedControl w="fit-content" size="xs" value={action} onChange={choose} aria-label={t("key.action")} data={(["read", "update"] as const).map((each) => ({ value: each, label: t(`matrix.${each}`) }))} />
      <Table.ScrollContainer minWidth={160 + roles.length * 120}>
        <Table aria-label={t("matrix.fieldsOf", { entity: entity.name })} withColumnBorders>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("key.field")}</Table.Th>
              {roles.map((role) => (
                <Table.Th key={role}>{role}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entity.fields.map((field) => (
              <Table.Tr key={field.name}>
                <Table.Th scope="row">{field.name}</Table.Th>
                {roles.map((role) => {
                  const access = fieldAccess(policies, role, entity.name, action, { name: field.name, pii: pii.has(field.name) });
                  return (
                    <Table.Td key={role}>
                      <Badge size="sm" radius="sm" variant={access === "none" ? "outline" : "light"} color={COLORS[access]} c="var(--mantine-color-text)">
                        {t(`access.${access}`)}
                      </Badge>
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Policies policies={own} app={app} />
    </Stack>
  );
}

/** The policies behind the matrix, in sentences. */
function Policies({ policies, app }: { policies: Policy[]; app: string }) {
  const { t } = useTranslation();
  return (
    <Table aria-label={t("kind.permissions")}>
      <Table.Tbody>
        {policies.map((policy) => (
          <Table.Tr key={policy.id}>
            <Table.Td>
              <LinkButton variant="subtle" size="compact-sm" to="/$app/define/$kind/$id" params={{ app, kind: "permissions", id: policy.id }}>
                {t("matrix.sentence", { roles: policy.roles.join(", "), action: t(`matrix.${policy.action satisfies Action}`) })}
              </LinkButton>
            </Table.Td>
            <Table.Td className="rk-mono">{conditionText(policy) || t("matrix.everyRecord")}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Legend() {
  const { t } = useTranslation();
  return (
    <Group gap="md">
      {(["all", "some", "none"] as const).map((access) => (
        <Group key={access} gap={6}>
          <Badge size="sm" radius="sm" variant={access === "none" ? "outline" : "light"} color={COLORS[access]} c="var(--mantine-color-text)">
            {t("matrix.read").slice(0, 1)}
          </Badge>
          <Text size="xs" c="dimmed">
            {t(`access.${access}`)}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
