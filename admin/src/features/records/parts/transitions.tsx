import { Button, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useMe } from "../../../api/app-schema";
import { type Entity, type Row, type StateMachine, type Transition, transitionsFrom } from "../../../model/schema";
import { showDone, showError } from "../../../ui/errors";
import { useSave } from "../queries";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  etag: string | null;
}

/** The transitions that lead on from the record's states, as buttons; those of other roles say whose they are. */
export function Transitions({ app, entity, id, row, etag }: Props) {
  if (!entity.actions.includes("update")) return null;
  return (
    <>
      {entity.state_machines.flatMap((machine) =>
        transitionsFrom(machine, row[machine.field]).map((transition) => (
          <TransitionButton key={`${machine.field}/${transition.to}`} {...{ app, entity, id, etag, machine, transition }} />
        )),
      )}
    </>
  );
}

type ButtonProps = Omit<Props, "row"> & { machine: StateMachine; transition: Transition };

function TransitionButton({ app, entity, id, etag, machine, transition }: ButtonProps) {
  const { t } = useTranslation();
  const me = useMe(app);
  const save = useSave(app, entity);
  const may = transition.roles.length === 0 || transition.roles.some((role) => me?.roles.includes(role));
  // The button goes with the state it leads from, so what is said afterwards must not depend on it.
  const move = () =>
    void save.mutateAsync({ id, values: { [machine.field]: transition.to }, etag }).then(
      () => showDone(t("transition.done", { state: transition.to })),
      showError,
    );
  return (
    <Tooltip label={t("transition.roles", { roles: transition.roles.join(", ") })} disabled={may}>
      <Button size="xs" variant="default" disabled={!may} loading={save.isPending} onClick={move}>
        {transition.to}
      </Button>
    </Tooltip>
  );
}
