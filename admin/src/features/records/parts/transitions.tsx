import { Button, List, Popover, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Entity } from "../../../model/schema";
import { showDone, showError } from "../../../ui/errors";
import { type OfferedTransition, transitionsQuery, useSave } from "../queries";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  etag: string | null;
}

/** The transitions that the record can take now, as buttons; and of the others, why they are not offered. */
export function Transitions({ app, entity, id, etag }: Props) {
  const found = useQuery({ ...transitionsQuery(app, entity, id, etag), enabled: entity.state_machines.length > 0 });
  const all = found.data ?? [];
  const closed = all.filter((transition) => !transition.allowed);
  return (
    <>
      {all
        .filter((transition) => transition.allowed)
        .map((transition) => (
          <TransitionButton key={`${transition.field}/${transition.to}`} {...{ app, entity, id, etag, transition }} />
        ))}
      {closed.length > 0 && <Closed transitions={closed} />}
    </>
  );
}

function TransitionButton({ app, entity, id, etag, transition: { field, to } }: Props & { transition: OfferedTransition }) {
  const { t } = useTranslation();
  const save = useSave(app, entity);
  // The button goes with the state it leads from, so what is said afterwards must not depend on it.
  const move = () => void save.mutateAsync({ id, values: { [field]: to }, etag }).then(() => showDone(t("transition.done", { state: to })), showError);
  return (
    <Button size="xs" variant="default" loading={save.isPending} onClick={move}>
      {to}
    </Button>
  );
}

function Closed({ transitions }: { transitions: OfferedTransition[] }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const reason = ({ reason: kind, from, roles, guard, message }: OfferedTransition) =>
    t(`transition.${kind ?? "rule"}`, { from: [from].flat().join(", "), roles: roles?.join(", ") ?? "", guard: guard ?? "", message: message ?? "" });
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="xs" variant="subtle" color="gray" onClick={() => setOpened(!opened)}>
          {t("transition.closed")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw={360}>
        <Text size="sm" fw={600} mb={4} tabIndex={-1} data-autofocus>
          {t("transition.why")}
        </Text>
        <List size="sm">
          {transitions.map((transition) => (
            <List.Item key={`${transition.field}/${[transition.from].flat().join()}/${transition.to}`}>
              <b>{transition.to}</b>: {reason(transition)}
            </List.Item>
          ))}
        </List>
      </Popover.Dropdown>
    </Popover>
  );
}
