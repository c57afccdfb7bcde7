import { Alert, Badge, Button, Checkbox, Group, Paper, Select, Stack, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useMe } from "../../../api/app-schema";
import { isApiError } from "../../../api/errors";
import { FormFields } from "../../../fields/form-fields";
import { type Approval, type Caller, type Instance, type Reason, defaultsOf, delegatorsOf, filled, missingFor, standingOf } from "../../../model/tasks";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { useDelegations, useInstanceAct } from "../queries";
import { Deadline } from "./deadline";
import { Reassign } from "./reassign";
import { Return } from "./return";
import { Seats } from "./seats";

interface Props {
  app: string;
  instance: Instance;
  approval: Approval;
}

interface DecideProps extends Props {
  /** Whether it is only looked at: in the past, or as somebody else. */
  isReadOnly: boolean;
}

/** An approval that waits: its form and seats, why the caller may decide, and the decision. */
export function Decide({ app, instance, approval, isReadOnly }: DecideProps) {
  const { t } = useTranslation();
  const me = useMe(app);
  const delegations = useDelegations(app);
  if (!me) return null;
  const standing = standingOf(approval, me, delegations, instance.workflow_name);
  const title = approval.index === undefined ? approval.step : t("tasks.stepOf", { step: approval.step, number: approval.index + 1 });
  return (
    <Paper withBorder p="md" component="section" aria-label={t("tasks.decideStep", { step: title })}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h5">
            {title}
          </Title>
          <Group gap="xs">
            {(approval.escalated ?? []).length > 0 && <Badge color="orange" variant="dot" tt="none">{t("tasks.escalated")}</Badge>}
            {approval.deadline && (
              <Text size="sm" component="span">
                {t("tasks.deadline")}: <Deadline at={approval.deadline} />
              </Text>
            )}
          </Group>
        </Group>
        <Seats approval={approval} instance={instance} app={app} />
        {isReadOnly ? null : standing ? <Decision key={standing.kind} app={app} instance={instance} approval={approval} me={me} standing={standing} /> : <Text size="sm" c="dimmed">{t("tasks.notYours")}</Text>}
      </Stack>
    </Paper>
  );
}

const MYSELF = "";

function Decision({ app, instance, approval, me, standing }: Props & { me: Caller; standing: Reason }) {
  const { t } = useTranslation();
  const act = useInstanceAct(app, instance.id);
  const delegators = delegatorsOf(useDelegations(app), me, instance.workflow_name);
  const [values, setValues] = useState(() => defaultsOf(approval.form));
  const [comment, setComment] = useState("");
  const [behalf, setBehalf] = useState(standing.kind === "behalf" ? standing.of.id : MYSELF);
  const [override, setOverride] = useState(standing.kind === "override");
  const [missing, setMissing] = useState<string[]>([]);
  const place = approval.scope ?? approval.step;
  const decide = async (decision: "approve" | "reject") => {
    const empty = missingFor(approval.form, values, decision);
    setMissing(empty);
    if (empty.length > 0) return;
    const body = { step: place, ...(comment ? { comment } : {}), ...(approval.form.length > 0 ? { form: filled(values) } : {}), ...(behalf ? { on_behalf_of: behalf } : {}), ...(override ? { override: true } : {}) };
    const done = await act.mutateAsync({ act: decision, body }).catch(() => undefined);
    if (done) showDone(t(decision === "approve" ? "tasks.approved" : "tasks.rejected"));
  };
  const refused = isApiError(act.error, 422) ? Object.fromEntries(Object.entries(act.error.byField).map(([field, message]) => [field.replace(/^form\./, ""), message])) : {};
  const errors = { ...refused, ...Object.fromEntries(missing.map((name) => [name, t("tasks.required")])) };
  return (
    <Stack gap="sm">
      <Text size="sm">{t(`tasks.why.${standing.kind}`, standing.kind === "role" ? { role: standing.role } : standing.kind === "behalf" ? { email: standing.of.email } : {})}</Text>
      {act.error && (
        <Alert color="red" role="alert" title={messageOf(act.error)} style={{ whiteSpace: "pre-line" }}>
          {hintOf(act.error)}
        </Alert>
      )}
      {delegators.length > 0 && (
        <Select label={t("tasks.inPlaceOf")} allowDeselect={false} value={behalf} onChange={(picked) => setBehalf(picked ?? MYSELF)} data={[{ value: MYSELF, label: t("tasks.myself") }, ...delegators.map((from) => ({ value: from.id, label: from.email }))]} />
      )}
      <FormFields app={app} form={approval.form} values={values} errors={errors} onChange={setValues} />
      <Textarea label={t("tasks.comment")} required={override} autosize minRows={2} value={comment} error={refused["comment"]} onChange={(event) => setComment(event.currentTarget.value)} />
      {(standing.kind === "override" || override) && <Checkbox label={t("tasks.override")} checked={override} onChange={(event) => setOverride(event.currentTarget.checked)} />}
      <Group gap="xs">
        <Button color="teal.9" loading={act.isPending} onClick={() => void decide("approve")}>
          {t("tasks.approve")}
        </Button>
        <Button color="red.8" loading={act.isPending} onClick={() => void decide("reject")}>
          {t("tasks.reject")}
        </Button>
        {approval.returns_to.length > 0 && <Return app={app} instance={instance} approval={approval} behalf={behalf} />}
        {(approval.may_reassign || me.roles.includes("admin")) && <Reassign app={app} instance={instance} approval={approval} />}
      </Group>
    </Stack>
  );
}

