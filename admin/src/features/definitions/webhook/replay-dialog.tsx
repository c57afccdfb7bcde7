import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useReplay } from "./queries";

const instant = (local: string) => new Date(local).toISOString();

/** Sends again what happened between two moments, as the webhook is today. */
export function ReplayDialog({ app, id, onClose }: { app: string; id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const replay = useReplay(app, id);
  const begin = async (event: React.FormEvent) => {
    event.preventDefault();
    const begun = await replay.mutateAsync({ from: instant(from), ...(to ? { to: instant(to) } : {}) }).catch(() => undefined);
    if (!begun) return;
    showDone(t("endpoint.replayBegun"));
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={t("endpoint.replay")} centered>
      <form onSubmit={(event) => void begin(event)}>
        <Stack>
          <Text size="sm">{t("endpoint.replayHelp")}</Text>
          {replay.error && <Failed error={replay.error} />}
          <TextInput type="datetime-local" step={1} required label={t("endpoint.from")} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput type="datetime-local" step={1} label={t("endpoint.to")} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={replay.isPending}>
              {t("endpoint.replay")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
