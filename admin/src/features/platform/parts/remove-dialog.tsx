import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useChange } from "../queries";

/** Deleting an app takes all of its data: its name must be typed. */
export function RemoveDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const remove = useChange();
  const act = async () => {
    const isGone = await remove.mutateAsync({ method: "DELETE", path: `/apps/${name}` }).then(() => true, () => false);
    if (!isGone) return;
    showDone(t("platform.deleted", { name }));
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={t("platform.deleteTitle", { name })} centered>
      <Stack>
        {remove.error && <Failed error={remove.error} />}
        <Text size="sm">{t("platform.deleteText")}</Text>
        <TextInput label={t("platform.typeName", { name })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button color="red" disabled={typed !== name} loading={remove.isPending} onClick={() => void act()}>
            {t("action.delete")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
