import { Alert, Anchor, List, Loader, Modal, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { ListState } from "../../../model/filter";
import { type Entity, idOf, labelOf } from "../../../model/schema";
import { Failed } from "../../../ui/failed";
import { useNames } from "../names";
import { choicesQuery } from "../queries";
import { type Reasons, whyMissing } from "../why-missing";

interface Props {
  app: string;
  entity: Entity;
  state: ListState;
  onClose: () => void;
}

const TYPING_MS = 250;

/** Asks for a record by its name or id, and says why it is not in the list. */
export function WhyMissingDialog({ app, entity, state, onClose }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [id, setId] = useState<string | null>(null);
  const [asked] = useDebouncedValue(typed, TYPING_MS);
  const found = useQuery({ ...choicesQuery(app, entity, asked), placeholderData: keepPreviousData });
  const named = (found.data ?? []).map((row) => ({ value: idOf(entity, row), label: labelOf(entity, row) }));
  const byId = asked && !named.some((each) => each.label === asked || each.value === asked) ? [{ value: asked, label: t("why.byId", { id: asked }) }] : [];
  const answer = useQuery({ queryKey: [app, "records", entity.name, "why", id, state], queryFn: () => whyMissing(app, entity, state, id ?? ""), enabled: id !== null });
  const label = named.find((each) => each.value === id)?.label ?? id ?? "";
  return (
    <Modal opened onClose={onClose} title={t("why.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <Select label={t("why.record")} description={t("why.help")} searchable clearable data={[...named, ...byId]} value={id} onChange={setId} onSearchChange={setTyped} filter={({ options }) => options} data-autofocus />
        {answer.isFetching && <Loader size="sm" aria-label={t("shell.loading")} />}
        {answer.error && <Failed error={answer.error} />}
        {id !== null && answer.data && <Answer {...{ app, entity, id, state, label }} reasons={answer.data} />}
      </Stack>
    </Modal>
  );
}

function Answer({ app, entity, id, state, label, reasons }: Omit<Props, "onClose"> & { id: string; label: string; reasons: Reasons }) {
  const { t } = useTranslation();
  const say = useNames(app, entity, reasons.conditions.flatMap(({ condition, stored }) => [{ field: condition.field, value: stored }, { field: condition.field, value: condition.value }]));
  const lines = [
    ...(reasons.isUnknown ? [t("why.unknown")] : []),
    ...(reasons.isElsewhere ? [t(state.trash ? "why.notTrashed" : "why.trashed")] : []),
    ...reasons.conditions.map(({ condition: { field, op, value }, stored }) =>
      t(stored === undefined ? "why.conditionOnly" : "why.condition", { field, op: t(`op.${op}`), wanted: value ? say(field, value) : "", value: say(field, stored) }),
    ),
    ...(reasons.isNotFound ? [t("why.search", { q: state.q })] : []),
  ];
  return (
    <Alert color={reasons.isListed ? "teal" : "orange"} title={t(reasons.isListed ? "why.isHere" : "why.because", { label })} role="status">
      {reasons.isListed ? (
        <Text size="sm">{t("why.otherPage")}</Text>
      ) : (
        <List size="sm">
          {lines.map((line) => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      )}
      {!reasons.isUnknown && !reasons.isElsewhere && (
        <Anchor size="sm" component={Link} to={`/${app}/records/${entity.name}/${encodeURIComponent(id)}`}>
          {t("why.open", { label })}
        </Anchor>
      )}
    </Alert>
  );
}
