import { SimpleGrid, Stack } from "@mantine/core";
import { ChoiceKey, EntityKey, FieldKey, SwitchKey, TextKey } from "../parts/keys";
import { useScope } from "../parts/scope";

const TYPES = ["one_to_one", "one_to_many", "many_to_many"];
const ON_DELETE = ["restrict", "cascade", "set_null", "detach"];

/** A relation: its two ends, and what ties them. */
export default function RelationForm() {
  const { document } = useScope();
  const isMany = document["type"] === "many_to_many";
  const itself = document["source"] !== "" && document["source"] === document["target"];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
        <TextKey name="name" required />
        <ChoiceKey name="type" values={TYPES} required />
        <EntityKey name="source" required />
        <EntityKey name="target" required />
      </SimpleGrid>
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
