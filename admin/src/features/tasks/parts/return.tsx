import { Button, Modal, Select, Stack, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Approval, Instance } from "../../../model/tasks";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useInstanceAct } from "../queries";

interface Props {
  app: string;
  instance: Instance;
  approval: Approval;
  behalf: string;
}

/** Sends it back to an earlier step, with the reason. */
export function Return({ app, instance, approval, behalf }: Props) {
  const { t } = useTranslation();
  const act = useInstanceAct(app, instance.id);
  const [asking, ask] = useState(false);
  const [step, setStep] = useState(approval.returns_to[0] ?? null);
  const [comment, setComment] = useState("");
  const submit = async () => {
    const body = { to_step: step, comment, step: approval.scope ?? approval.step, ...(behalf ? { on_behalf_of: behalf } : {}) };
    if (!(await act.mutateAsync({ act: "return", body }).catch(() => undefined))) return;
    showDone(t("tasks.returned"));
    ask(false);
  };
  return (
    <>
      <Button variant="default" onClick={() => ask(true)}>
        {t("tasks.return")}
      </Button>
      <Modal opened={asking} onClose={() => ask(false)} title={t("tasks.return")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
        <Stack>
          {act.error && <Failed error={act.error} />}
          <Select label={t("tasks.backTo")} allowDeselect={false} data={approval.returns_to} value={step} onChange={setStep} />
          <Textarea label={t("tasks.comment")} required autosize minRows={2} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
          <Button loading={act.isPending} disabled={comment.trim() === ""} onClick={() => void submit()}>
            {t("tasks.return")}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
