import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { ChoiceKey, EntityKey, FieldKey, SwitchKey, TextKey } from "../parts/keys";
import { DocumentScope, useScope } from "../parts/scope";
import type { Document } from "../queries";
import type { FormProps } from "./props";

const TYPES = ["one_to_one", "one_to_many", "many_to_many"];
const ON_DELETE = ["restrict", "cascade", "set_null", "detach"];

/** A relation: its two ends, and what ties them. */
export default function RelationForm({ isNew }: FormProps) {
  const { app, document, onChange } = useScope();
  const entities = useAppSchema(app).entities;
  // The field that names the source is found by its name, until somebody chooses another.
  const tie = (next: Document) => {
    const isMoved = next["source"] !== document["source"] || next["target"] !== document["target"];
    const fields = entities.find((entity) => entity.name === next["target"])?.fields.map((field) => field.name) ?? [];
    const found = `${String(next["source"])}_id`;
    onChange(isNew && isMoved ? { ...next, target_key: fields.includes(found) ? found : "" } : next);
  };
  const isMany = document["type"] === "many_to_many";
  const itself = document["source"] !== "" && document["source"] === document["target"];
  return (
    <Stack>
      <DocumentScope app={app} document={document} onChange={tie}>
        <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
          <TextKey name="name" required />
          <ChoiceKey name="type" values={TYPES} required />
          <EntityKey name="source" required />
          <EntityKey name="target" required />
        </SimpleGrid>
      </DocumentScope>
      <InWords document={document} />
      <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
        {isMany ? (
          <>
            <TextKey name="join_table" required />
            <TextKey name="source_join_key" hint={`${String(document["source"])}_id`} />
            <TextKey name="target_join_key" hint={`${String(document["target"])}_id`} />
          </>
        ) : (
          <>
            <FieldKey name="target_key" entity={document["target"]} />
            <FieldKey name="source_key" entity={document["source"]} />
          </>
        )}
        <ChoiceKey name="on_delete" values={ON_DELETE} />
        <ChoiceKey name="fetch" values={["lazy", "eager"]} />
        <ChoiceKey name="write_mode" values={["diff", "replace", "append"]} />
      </SimpleGrid>
      {itself && <SwitchKey name="acyclic" otherwise={false} />}
    </Stack>
  );
}

/** What the relation says, as a sentence: which end is which is easily mistaken. */
function InWords({ document }: { document: Document }) {
  const { t } = useTranslation();
  const { type, source, target, target_key: key } = document;
  if (!source || !target) return <Text size="sm" c="dimmed">{t("relation.choose")}</Text>;
  return (
    <Text size="sm" c="dimmed">
      {t(`relation.${String(type)}`, { source, target, defaultValue: "" })} {type !== "many_to_many" && t(key ? "relation.key" : "relation.noKey", { source, target, key })}
    </Text>
  );
}
