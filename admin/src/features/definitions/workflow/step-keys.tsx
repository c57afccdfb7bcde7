/** The keys of each type of step; those of an approval and of actions stand in files of their own. */

import { Anchor, Button, Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { pathsOf } from "../../../model/workflow-names";
import { renameValue } from "../../../model/workflow-rename";
import { Icon } from "../../../ui/icons";
import { ChoiceKey, NumberKey, SwitchKey, TextKey } from "../parts/keys";
import { Rows } from "../parts/rows";
import { Nested, useKey, useScope } from "../parts/scope";
import { definitionsQuery } from "../queries";
import { Actions } from "./actions";
import { ApprovalKeys } from "./approval-keys";
import { useBuilder, useHere, useStepNames } from "./context";
import { Pairs } from "./pairs";
import { GotoKey } from "./targets";
import { DurationKey, NameInput, PathKey, StepExpressionKey } from "./text-keys";

export function StepKeys({ type }: { type: string }) {
  switch (type) {
    case "action":
      return <Actions />;
    case "condition":
      return <ConditionKeys />;
    case "set":
      return <SetKeys />;
    case "approval":
      return <ApprovalKeys />;
    case "wait":
      return <WaitKeys />;
    case "parallel":
      return <ParallelKeys />;
    case "sub_workflow":
      return <SubWorkflowKeys />;
    case "loop":
      return (
        <Group gap="sm" align="flex-end">
          <PathKey name="over" label="flow.over" required w={240} />
          <SwitchKey name="parallel" label="flow.atOnce" otherwise={false} />
        </Group>
      );
    default:
      return null;
  }
}

/** One expression, or several of which the first that holds counts. */
function ConditionKeys() {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const isMany = document["branches"] !== undefined;
  const choose = (picked: string) => {
    const { expression, on_true, on_false, branches, otherwise, ...rest } = document;
    if (picked === "many") onChange({ ...rest, branches: [{ when: expression ?? "", goto: gotoOf(on_true) }], otherwise: on_false ?? "end" });
    else onChange({ ...rest, expression: (branches as { when?: string }[] | undefined)?.[0]?.when ?? "", on_true: "end", on_false: otherwise ?? "end" });
  };
  return (
    <Stack gap="xs">
      <SegmentedControl size="xs" aria-label={t("flow.condition")} value={isMany ? "many" : "one"} onChange={choose} data={["one", "many"].map((each) => ({ value: each, label: t(`flow.condition.${each}`) }))} />
      {isMany ? (
        <Rows name="branches" label="flow.choices" add="flow.addChoice" blank={{ when: "", goto: "end" }} vertical>
          {() => (
            <>
              <StepExpressionKey name="when" label="flow.when" required />
              <GotoKey />
            </>
          )}
        </Rows>
      ) : (
        <StepExpressionKey name="expression" required />
      )}
    </Stack>
  );
}

const gotoOf = (target: unknown): string => (typeof target === "object" && target !== null ? String((target as { goto?: unknown }).goto) : "end");

function SetKeys() {
  const { definition, change } = useBuilder();
  const here = useHere();
  return (
    <Pairs name="values" label="flow.values" add="flow.addValue" help="flow.valuesHelp" blank="" wish="value" onRename={(before, after) => here && change(renameValue(definition, [...here.path, "values"], before, after))}>
      {(name) => <ExpressionOf name={name} />}
    </Pairs>
  );
}

function ExpressionOf({ name }: { name: string }) {
  return <StepExpressionKey name={name} label="key.expression" required />;
}

const WAITS: Record<string, unknown> = { for: "1h", until: "", event: { name: "" } };

function WaitKeys() {
  const { t } = useTranslation();
  const { document, onChange } = useScope();
  const kind = Object.keys(WAITS).find((key) => document[key] !== undefined) ?? "for";
  const choose = (picked: string) => {
    const rest = Object.fromEntries(Object.entries(document).filter(([key]) => !(key in WAITS) && key !== "timeout" && key !== "on_timeout"));
    onChange({ ...rest, [picked]: WAITS[picked] });
  };
  return (
    <Stack gap="xs">
      <SegmentedControl size="xs" aria-label={t("flow.wait")} value={kind} onChange={choose} data={Object.keys(WAITS).map((each) => ({ value: each, label: t(`flow.wait.${each}`) }))} />
      {kind === "for" && <DurationKey name="for" label="flow.wait.for" required />}
      {kind === "until" && <PathKey name="until" label="flow.wait.until" required w={240} />}
      {kind === "event" && (
        <>
          <Nested name="event">
            <TextKey name="name" label="key.event" required w={220} />
            <StepExpressionKey name="condition" more={{ event: {} }} />
          </Nested>
          <DurationKey name="timeout" />
        </>
      )}
    </Stack>
  );
}

function ParallelKeys() {
  const { t } = useTranslation();
  const [branches, setBranches] = useKey("branches");
  const [join, setJoin] = useKey("join");
  const object = (branches ?? {}) as Record<string, unknown>;
  const names = Object.keys(object);
  const kind = typeof join === "object" && join !== null ? "quorum" : String(join ?? "all");
  const rename = (before: string, after: string) => setBranches(Object.fromEntries(Object.entries(object).map(([name, branch]) => [name === before ? after : name, branch])));
  const append = () => {
    let number = names.length + 1;
    while (names.includes(`branch_${number}`)) number += 1;
    setBranches({ ...object, [`branch_${number}`]: { steps: [] } });
  };
  return (
    <Stack gap="xs">
      {names.map((name, at) => (
        <Group key={at} gap="xs" wrap="nowrap">
          <NameInput isBare label={t("flow.branchName", { name })} value={name} taken={names} onCommit={(after) => rename(name, after)} />
          <Text size="xs" c="dimmed" flex={1}>
            {t("flow.stepsCount", { count: ((object[name] as { steps?: unknown[] } | null)?.steps ?? []).length })}
          </Text>
          <Button size="compact-xs" variant="subtle" color="red" disabled={names.length === 1} onClick={() => setBranches(Object.fromEntries(Object.entries(object).filter(([each]) => each !== name)))} aria-label={t("flow.removeBranch", { name })}>
            <Icon name="trash" size={14} />
          </Button>
        </Group>
      ))}
      <Group gap="xs" align="flex-end">
        <Button size="compact-xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={append}>
          {t("flow.addBranch")}
        </Button>
        <Select size="xs" w={200} label={t("flow.join")} allowDeselect={false} data={["all", "any", "quorum"].map((each) => ({ value: each, label: t(`flow.join.${each}`) }))} value={kind} onChange={(picked) => setJoin(picked === "quorum" ? { quorum: Math.max(1, names.length - 1) } : picked)} />
        {kind === "quorum" && (
          <Nested name="join">
            <NumberKey name="quorum" label="flow.number" min={1} />
          </Nested>
        )}
      </Group>
    </Stack>
  );
}

function SubWorkflowKeys() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const { definition } = useBuilder();
  const found = useQuery(definitionsQuery(app, "workflows"));
  const rows = (found.data ?? []).filter((row) => row["name"] !== definition["name"]);
  const chosen = rows.find((row) => row["name"] === document["workflow"]);
  const paths = pathsOf(useStepNames());
  return (
    <Stack gap="xs">
      <Group gap="xs" align="flex-end">
        <ChoiceKey name="workflow" label="tasks.workflow" values={rows.map((row) => String(row["name"]))} required w={220} />
        <SwitchKey name="wait" label="flow.waitEnd" otherwise />
        {chosen && (
          <Anchor component={Link} to={`/${app}/define/workflows/${String(chosen["id"])}`} size="sm">
            {t("flow.open", { name: String(chosen["name"]) })}
          </Anchor>
        )}
      </Group>
      <Pairs name="context" label="flow.handed" add="flow.addValue" help="flow.handedHelp" blank={paths[0] ?? ""} wish="input" suggestions={Object.keys((chosen?.["inputs"] ?? {}) as object)}>
        {(name) => <PathOf name={name} />}
      </Pairs>
    </Stack>
  );
}

function PathOf({ name }: { name: string }) {
  return <PathKey name={name} label="flow.path" required />;
}
