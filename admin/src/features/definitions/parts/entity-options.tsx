import { Accordion, Group, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { ChoiceKey, SwitchKey } from "./keys";
import { Nested, useKey, useScope } from "./scope";
import type { Document } from "../queries";

const KEY_TYPES = ["uuid", "int", "bigint", "string"];

/** What is special about an entity: its key, a readable second key, and how its records are kept. */
export function EntityOptions({ isNew }: { isNew: boolean }) {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const fields = (document["fields"] ?? []) as Document[];
  const texts = fields.filter((field) => field["type"] === "string" || field["type"] === "text").map((field) => String(field["name"]));
  const key = (document["primary_key"] ?? {}) as Document;
  const retype = (type: string | undefined) => {
    if (!type) return;
    const own = fields.map((field) => (field["name"] === key["field"] ? { ...field, type } : field));
    onChange({ ...document, fields: own, primary_key: { ...key, type, generated: type !== "string" } });
  };
  return (
    <Accordion variant="contained" chevronPosition="left">
      <Accordion.Item value="more">
        <Accordion.Control>{t("entity.options")}</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            {isNew && key["field"] !== undefined && (
              <Nested name="primary_key">
                <Group align="flex-end">
                  <ChoiceKey name="field" label="entity.key" values={fields.map((field) => String(field["name"]))} w={180} required />
                  <ChoiceKey name="type" label="entity.keyType" values={KEY_TYPES} w={140} required onPick={retype} />
                  {key["type"] !== "string" && <SwitchKey name="generated" label="entity.generated" otherwise />}
                </Group>
              </Nested>
            )}
            <SlugKeys texts={texts} />
            <Group>
              <SwitchKey name="audit" otherwise />
              <SwitchKey name="comments" otherwise />
              <SwitchKey name="require_if_match" otherwise={false} />
            </Group>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function SlugKeys({ texts }: { texts: string[] }) {
  const [value, set] = useKey("slug");
  const slug = (value ?? {}) as Document;
  return (
    <Nested name="slug">
      <Group align="flex-end">
        <ChoiceKey name="field" label="entity.slug" values={texts} w={220} onPick={(field) => set(field ? { ...slug, field } : undefined)} />
        {slug["field"] !== undefined && (
          <>
            <ChoiceKey name="source" label="entity.slugSource" values={texts.filter((name) => name !== slug["field"])} w={220} />
            <SwitchKey name="regenerate_on_update" otherwise={false} />
          </>
        )}
      </Group>
    </Nested>
  );
}
