import { Alert, Button, Stack, Text } from "@mantine/core";
import { useTranslation } from "../words/translator";
import { hintOf, messageOf } from "./errors";

/** A screen, or a part of it, that could not be loaded, with a way to try again. */
export function Failed({ error, retry }: { error: Error; retry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" title={messageOf(error)} role="alert" m="md">
      <Stack gap="xs" align="flex-start">
        <Text size="sm" style={{ whiteSpace: "pre-line" }}>
          {hintOf(error)}
        </Text>
        {retry && (
          <Button size="xs" variant="light" color="red" onClick={retry}>
            {t("action.retry")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
