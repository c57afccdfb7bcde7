import { Fieldset, Group, MultiSelect, SegmentedControl, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { ChoiceKey, EntityKey, FieldKey, RolesKey, ValueKey } from "../parts/keys";
import { PermissionEffect } from "../parts/effect";
import { ExpressionKey } from "../parts/expression-key";
import { MaskSample } from "../parts/mask-sample";
import { Rows } from "../parts/rows";
import { Nested, useKey, useScope } from "../parts/scope";
import type { FormProps } from "./props";

const ACTIONS = ["read", "create", "update", "delete", "comment"];
const OPERATORS = ["eq", "neq", "in", "not_in", "gt", "gte", "lt", "lte", "like"];
const MASKS = ["none", "last4", "email", "hash", "null"];

/** A policy: who may do what, with which records, and which fields. */
export default function PermissionForm({ id }: FormProps) {
  const { document } = useScope();
  const entity = document["entity"];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <EntityKey name="entity" required />
        <ChoiceKey name="action" values={ACTIONS} required />
        <RolesKey name="roles" required />
      </SimpleGrid>
      {document["action"] !== "create" && (
        <Rows name="conditions" label="policy.conditions" add="policy.addCondition" blank={{ field: "", operator: "eq", value: "" }}>
          {() => (
            <Group gap="xs" align="flex-end">
              <FieldKey name="field" entity={entity} required w={180} />
              <ChoiceKey name="operator" values={OPERATORS} w={110} />
              <ValueKey name="value" w={220} />
            </Group>
          )}
        </Rows>
      )}
      {document["action"] !== "comment" && <FieldScope entity={entity} />}
      {document["action"] === "read" && (
        <>
          <Masks entity={entity} />
          <VisibleWhen entity={entity} />
        </>
      )}
      <PermissionEffect id={id} />
      {document["action"] === "read" && <MaskSample />}
    </Stack>
  );
}

function useFields(entity: unknown): string[] {
  const { app } = useScope();
  return useAppSchema(app).entities.find((each) => each.name === entity)?.fields.map((field) => field.name) ?? [];
}

type Reach = "all" | "include" | "exclude";

/** All fields, only some, or all but some. */
function FieldScope({ entity }: { entity: unknown }) {
  const { t } = useTranslation();
  const [value, set] = useKey("fields");
  const names = useFields(entity);
  const scope = (value ?? {}) as { include?: string[]; exclude?: string[] };
  const reach: Reach = scope.include ? "include" : scope.exclude ? "exclude" : "all";
  const chosen = scope.include ?? scope.exclude ?? [];
  const put = (next: string, fields: string[]) => set(next === "all" ? undefined : { [next]: fields });
  return (
    <Fieldset legend={t("policy.fields")} p="sm">
      <Group gap="sm" align="flex-end">
        <SegmentedControl
          size="xs"
          aria-label={t("policy.fields")}
          value={reach}
          onChange={(next) => put(next, chosen)}
          data={(["all", "include", "exclude"] as const).map((each) => ({ value: each, label: t(`policy.${each}`) }))}
        />
        {reach !== "all" && (
          <MultiSelect size="xs" flex={1} miw={260} searchable label={t(`policy.${reach}`)} data={[...new Set([...names, ...chosen])]} value={chosen} onChange={(next) => put(reach, next)} />
        )}
      </Group>
    </Fieldset>
  );
}

/** What is shown in place of a field's value. */
function Masks({ entity }: { entity: unknown }) {
  const { t } = useTranslation();
  const names = useFields(entity);
  return (
    <Fieldset legend={t("policy.masks")} p="sm">
      <Nested name="masks">
        <SimpleGrid cols={{ base: 1, sm: 3, md: 4 }}>
          {names.map((name) => (
            <MaskKey key={name} name={name} />
          ))}
        </SimpleGrid>
      </Nested>
      <Group mt="sm" align="flex-end">
        <ChoiceKey name="pii_mask" values={MASKS} w={160} />
        <Text size="xs" c="dimmed">
          {t("policy.piiHelp")}
        </Text>
      </Group>
    </Fieldset>
  );
}

/** Fields that are shown only where an expression holds. */
function VisibleWhen({ entity }: { entity: unknown }) {
  const { t } = useTranslation();
  const [value, set] = useKey("visible_when");
  const chosen = Object.keys((value ?? {}) as object);
  const names = useFields(entity).filter((name) => !chosen.includes(name));
  return (
    <Fieldset legend={t("policy.visibleWhen")} p="sm">
      <Stack gap="xs">
        <Nested name="visible_when">
          {chosen.map((name) => (
            <ExpressionKey key={name} name={name} label={name} place="visibility" entity={entity} />
          ))}
        </Nested>
        <Select size="xs" w={220} value={null} data={names} label={t("policy.addVisibleWhen")} searchable onChange={(name) => name && set({ ...(value as object), [name]: "" })} />
      </Stack>
    </Fieldset>
  );
}

function MaskKey({ name }: { name: string }) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const keeps = value !== null && typeof value === "object";
  const data = keeps ? [{ value: "keep", label: JSON.stringify(value) }, ...MASKS] : MASKS;
  return (
    <Select
      size="xs"
      label={name}
      placeholder={t("policy.unmasked")}
      clearable
      data={data}
      value={keeps ? "keep" : value === undefined ? null : String(value)}
      onChange={(picked) => picked !== "keep" && set(picked ?? undefined)}
    />
  );
}
