import { Button, FileButton, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { Icon } from "../../../ui/icons";

const ACCEPTED = ".csv,.tsv,.tab,.txt,.xlsx,.json,.ndjson,.jsonl";

/** Where a file is dropped, or chosen. */
export function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const { t } = useTranslation();
  const [isOver, setOver] = useState(false);
  const drop = (event: React.DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) onFile(file);
  };
  const over = (event: React.DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <Stack className="rk-drop" data-over={isOver} align="center" gap="xs" p="xl" onDrop={drop} onDragOver={over} onDragLeave={() => setOver(false)}>
      <Icon name="upload" size={28} />
      <Text>{t("import.drop")}</Text>
      <Text size="sm" c="dimmed">
        {t("import.formats")}
      </Text>
      <FileButton onChange={(file) => file && onFile(file)} accept={ACCEPTED} inputProps={{ "aria-label": t("import.choose") }}>
        {(props) => (
          <Button {...props} size="sm">
            {t("import.choose")}
          </Button>
        )}
      </FileButton>
    </Stack>
  );
}
