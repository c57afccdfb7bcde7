import { Autocomplete, Button, Modal, SegmentedControl, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { usePeople } from "../../../api/people";
import type { Approval, Instance } from "../../../model/tasks";
import { showDone } from "../../../ui/errors";
import { Failed } from "../../../ui/failed";
import { useInstanceAct } from "../queries";
import { seatName } from "./seats";

/** Hands an open seat on to a user or a role. */
export function Reassign({ app, instance, approval }: { app: string; instance: Instance; approval: Approval }) {
  const { t } = useTranslation();
  const act = useInstanceAct(app, instance.id);
  const people = usePeople(app);
  const open = approval.seats.filter((seat) => seat.decision === null);
  const [asking, ask] = useState(false);
  const [seat, setSeat] = useState(open[0]?.id ?? null);
  const [kind, setKind] = useState("user");
  const [who, setWho] = useState("");
  const [reason, setReason] = useState("");
  const submit = async () => {
    const body = { step: approval.scope ?? approval.step, ...(seat ? { seat } : {}), to: { [kind]: who }, ...(reason ? { reason } : {}) };
    if (!(await act.mutateAsync({ act: "reassign", body }).catch(() => undefined))) return;
    showDone(t("tasks.reassigned"));
    ask(false);
  };
  if (open.length === 0) return null;
  return (
    <>
      <Button variant="default" onClick={() => ask(true)}>
        {t("tasks.reassign")}
      </Button>
      <Modal opened={asking} onClose={() => ask(false)} title={t("tasks.reassign")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
        <Stack>
          {act.error && <Failed error={act.error} />}
          {open.length > 1 && <Select label={t("tasks.seat")} allowDeselect={false} data={open.map((each) => ({ value: each.id, label: seatName(each) || each.id }))} value={seat} onChange={setSeat} />}
          <SegmentedControl aria-label={t("flow.who")} value={kind} onChange={setKind} data={["user", "role"].map((each) => ({ value: each, label: t(`flow.who.${each}`) }))} />
          {kind === "user" ? <Autocomplete label={t("tasks.newHolder")} required data={people.map((person) => person.email)} value={who} onChange={setWho} /> : <TextInput label={t("tasks.newHolder")} required value={who} onChange={(event) => setWho(event.currentTarget.value)} />}
          <Textarea label={t("tasks.reason")} autosize value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Button loading={act.isPending} disabled={who === ""} onClick={() => void submit()}>
            {t("tasks.reassign")}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
