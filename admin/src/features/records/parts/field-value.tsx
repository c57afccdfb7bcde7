import { ActionIcon, CopyButton, Group, Input, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { looksOf } from "../../../fields/cells";
import type { Entity, Field } from "../../../model/schema";
import { Icon } from "../../../ui/icons";

/** Why a field is no input, as the key of a word; undefined where it is one. */
export function fixedBecause(entity: Entity, field: Field, isNew: boolean): string | undefined {
  if (field.computed) return "field.computed";
  if (field.auto) return `field.${field.auto}`;
  const isKey = entity.primary_key.fields.includes(field.name);
  if (isKey && (!isNew || entity.primary_key.generated)) return "field.key";
  return (isNew ? field.create : field.update) ? undefined : "field.fixed";
}

/** A field that the form can't change: its value as text that can be read and copied, and why it is fixed. */
export function FieldValue({ field, value, because }: { field: Field; value: unknown; because: string }) {
  const { t } = useTranslation();
  const isEmpty = value === null || value === undefined;
  return (
    <Input.Wrapper label={field.name} description={t(because)} labelElement="div" role="group" aria-label={field.name}>
      <Group gap={4} wrap="nowrap" className="rk-fixed">
        <Text size="sm" className={field.type === "uuid" || field.type === "json" ? "rk-mono rk-break" : "rk-break"}>
          {isEmpty ? "–" : looksOf(field).cell(value, field)}
        </Text>
        {!isEmpty && field.type !== "boolean" && (
          <CopyButton value={typeof value === "object" ? JSON.stringify(value) : String(value)}>
            {({ copied, copy }) => (
              <ActionIcon size="sm" variant="subtle" color="gray" onClick={copy} aria-label={t("field.copy", { field: field.name })}>
                <Icon name={copied ? "check" : "copy"} size={14} />
              </ActionIcon>
            )}
          </CopyButton>
        )}
      </Group>
    </Input.Wrapper>
  );
}
