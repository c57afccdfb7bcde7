import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { JsonKey } from "../parts/json-key";
import { ChoiceKey, TextKey } from "../parts/keys";
import { useScope } from "../parts/scope";

const WHOLE_APP = "_app";

/** What front ends keep about an entity, or about the whole app. */
export default function UiConfigForm() {
  const { t } = useTranslation();
  const { app } = useScope();
  const entities = useAppSchema(app).entities.map((entity) => entity.name);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <ChoiceKey name="entity" values={[WHOLE_APP, ...entities]} required />
        <TextKey name="scope" required />
      </SimpleGrid>
      <Text size="xs" c="dimmed">
        {t("uiConfig.help")}
      </Text>
      <JsonKey name="config" label="uiConfig.config" />
    </Stack>
  );
}
