import { Alert, Button, Group, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../../api/client";
import { useViewAs } from "../../../api/view-as";
import type { AuditRow } from "../../../model/audit";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { useTranslation } from "../../../words/translator";

/** Takes the commit of a change back, as a whole. What has changed since is named and nothing is overwritten. */
export function UndoChange({ app, row }: { app: string; row: AuditRow }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isOnlyLooking = useViewAs(app) !== undefined;
  const [isAsking, setAsking] = useState(false);
  const undo = useMutation({
    mutationFn: () => request(app, "POST", `/_commits/${row.position}/undo`),
    meta: { shown: true },
    onSuccess: async () => {
      showDone(t("history.undone"));
      setAsking(false);
      await client.invalidateQueries({ queryKey: [app] });
    },
  });
  if (isOnlyLooking) return null;
  return (
    <>
      {undo.error && (
        <Alert color="red" role="alert" title={messageOf(undo.error)} style={{ whiteSpace: "pre-line" }} w="100%">
          {hintOf(undo.error)}
        </Alert>
      )}
      {isAsking ? (
        <Group gap="xs">
          <Text size="sm">{t("audit.sure")}</Text>
          <Button size="xs" color="red" loading={undo.isPending} onClick={() => undo.mutate()}>
            {t("history.undo")}
          </Button>
          <Button size="xs" variant="default" onClick={() => setAsking(false)}>
            {t("action.cancel")}
          </Button>
        </Group>
      ) : (
        <Button size="xs" variant="light" onClick={() => setAsking(true)}>
          {t("history.undo")}
        </Button>
      )}
    </>
  );
}
