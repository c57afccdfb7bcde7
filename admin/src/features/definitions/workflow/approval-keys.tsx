import { Accordion, Group, MultiSelect, NumberInput, SegmentedControl, Select, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "../../../words/translator";
import { useRoles } from "../../../api/roles";
import { idOfStep } from "../../../model/workflow";
import { SuggestedKey, SwitchKey } from "../parts/keys";
import { Rows } from "../parts/rows";
import { Nested, useKey, useProblem, useScope } from "../parts/scope";
import { useBuilder, useHere } from "./context";
import { DelegationNote } from "./delegation-note";
import { FormBuilder } from "./form-builder";
import { SeatKeys, WhoKeys } from "./seats";
import { DurationKey, DurationsKey } from "./text-keys";

/** An approval: who decides, how many must, what they fill in, and what happens until they do. */
export function ApprovalKeys() {
  const { document } = useScope();
  const opened = ["form", "escalation", "rules"].filter((key) => (key === "form" ? document["form"] : key === "rules" ? (document["separation"] ?? document["returns_to"]) : (document["escalation"] ?? document["reminders"])) !== undefined);
  return (
    <Stack gap="xs">
      <Deciders />
      <DelegationNote />
      <Group gap="xs" align="flex-end">
        <DurationKey name="timeout" />
        <SwitchKey name="may_reassign" label="flow.mayReassign" otherwise />
      </Group>
      <Accordion multiple defaultValue={opened} variant="contained" chevronPosition="left" styles={{ content: { padding: 8 }, label: { fontSize: 14, paddingBlock: 8 } }}>
        <Part value="form" label="flow.form">
          <FormBuilder decides />
        </Part>
        <Part value="escalation" label="flow.ladder">
          <DurationsKey name="reminders" label="flow.reminders" />
          <Rows name="escalation" label="flow.escalation" add="flow.addRung" blank={{ after: "24h", to: { role: "admin" } }} vertical>
            {() => (
              <Group gap="xs" align="flex-end">
                <DurationKey name="after" label="flow.after" required />
                <Nested name="to">
                  <WhoKeys />
                </Nested>
                <SwitchKey name="replace" label="flow.replace" otherwise={false} />
              </Group>
            )}
          </Rows>
        </Part>
        <Part value="rules" label="flow.rules">
          <Separation />
          <Returns />
        </Part>
      </Accordion>
    </Stack>
  );
}

function Part({ value, label, children }: { value: string; label: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Accordion.Item value={value}>
      <Accordion.Control>{t(label)}</Accordion.Control>
      <Accordion.Panel>
        <Stack gap="xs">{children}</Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

/** Anybody, a role, or seats. */
function Deciders() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const roles = useRoles(app);
  const kind = document["approvers"] !== undefined ? "seats" : document["assignee"] !== undefined ? "role" : "anyone";
  const choose = (picked: string) => {
    const { assignee, approvers: _approvers, mode: _mode, veto: _veto, ...rest } = document;
    const role = (assignee as { role?: unknown } | undefined)?.role ?? "admin";
    if (picked === "seats") onChange({ ...rest, approvers: [{ role }] });
    else onChange(picked === "role" ? { ...rest, assignee: { type: "role", role } } : rest);
  };
  return (
    <>
      <SegmentedControl size="xs" aria-label={t("flow.deciders")} value={kind} onChange={choose} data={["anyone", "role", "seats"].map((each) => ({ value: each, label: t(`flow.deciders.${each}`) }))} />
      {kind === "role" && (
        <Nested name="assignee">
          <SuggestedKey name="role" label="key.assigneeRole" values={roles} required w={220} />
        </Nested>
      )}
      {kind === "seats" && (
        <>
          <Rows name="approvers" label="flow.seats" add="flow.addSeat" blank={{ role: "" }} vertical>
            {() => <SeatKeys />}
          </Rows>
          <Group gap="xs" align="flex-end">
            <Mode />
            <SwitchKey name="veto" label="flow.vetoAll" otherwise={false} />
          </Group>
        </>
      )}
    </>
  );
}

/** How many seats must approve. */
function Mode() {
  const { t } = useTranslation();
  const [value, set] = useKey("mode");
  const error = useProblem("mode");
  const object = typeof value === "object" && value !== null ? (value as Record<string, number>) : undefined;
  const kind = object ? (object["share"] === undefined ? "quorum" : "share") : String(value ?? "any");
  const start: Record<string, unknown> = { any: undefined, all: "all", quorum: { quorum: 2 }, share: { share: 0.5 } };
  return (
    <>
      <Select size="xs" w={170} label={t("flow.mode")} error={error} allowDeselect={false} data={Object.keys(start).map((each) => ({ value: each, label: t(`flow.mode.${each}`) }))} value={kind} onChange={(picked) => picked && set(start[picked])} />
      {object && (
        <Nested name="mode">
          <Amount name={kind} />
        </Nested>
      )}
    </>
  );
}

/** A number of seats, or a part of them in percent. */
function Amount({ name }: { name: string }) {
  const { t } = useTranslation();
  const [value, set] = useKey(name);
  const isShare = name === "share";
  return (
    <NumberInput
      size="xs"
      w={120}
      label={t(isShare ? "flow.percent" : "flow.number")}
      error={useProblem(name)}
      min={1}
      max={isShare ? 100 : 1000}
      value={isShare ? Math.round(Number(value) * 100) : Number(value)}
      onChange={(typed) => typed !== "" && set(isShare ? Number(typed) / 100 : Number(typed))}
    />
  );
}

function Separation() {
  const { t } = useTranslation();
  const { steps } = useBuilder();
  const here = useHere();
  const approvals = steps.filter(({ step }) => step.type === "approval" && step !== here?.step).map(({ step }) => idOfStep(step));
  const data = [{ value: "initiator", label: t("flow.initiator") }, ...approvals.map((id) => ({ value: id, label: id }))];
  return <Several name="separation" label={t("flow.separation")} data={data} />;
}

function Returns() {
  const { t } = useTranslation();
  const here = useHere();
  const reachable = [...(here?.siblings ?? []), ...(here?.around ?? []).flatMap((outer) => outer.siblings)].filter((id) => id !== here?.step.id && id !== "");
  return <Several name="returns_to" label={t("flow.returnsTo")} data={[...new Set(reachable)].map((id) => ({ value: id, label: id }))} />;
}

function Several({ name, label, data }: { name: string; label: string; data: { value: string; label: string }[] }) {
  const [value, set] = useKey(name);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const known = data.map((each) => each.value);
  const all = [...data, ...chosen.filter((each) => !known.includes(each)).map((each) => ({ value: each, label: each }))];
  return <MultiSelect size="xs" label={label} error={useProblem(name)} data={all} value={chosen} onChange={(next) => set(next.length > 0 ? next : undefined)} />;
}
