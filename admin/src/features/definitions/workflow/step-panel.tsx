import { ActionIcon, Alert, Group, Menu, Select, Stack, Tabs, Title } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { STEP_TYPES, type LocatedStep, type Step, idOfStep, innerLists, withValue } from "../../../model/workflow";
import { addAfter, addBefore, duplicateStep, moveInto, moveStep, removeStep, retypeStep } from "../../../model/workflow-edit";
import { renameStep } from "../../../model/workflow-rename";
import { Icon, type IconName } from "../../../ui/icons";
import { DocumentScope, useProblem } from "../parts/scope";
import { HereContext, useBuilder } from "./context";
import { StepJson } from "./step-json";
import { StepKeys } from "./step-keys";
import { Ways } from "./targets";
import { NameInput } from "./text-keys";

/** The step that is selected: what can be done with it, and its keys, as a form or as JSON. */
export function StepPanel({ here }: { here: LocatedStep }) {
  const { t } = useTranslation();
  const { app, definition, change, problems } = useBuilder();
  const path = here.path.join(".");
  const general = problems.filter((problem) => problem.path.join(".") === path);
  return (
    <HereContext.Provider value={here}>
      <DocumentScope app={app} document={here.step} path={`${path}.`} onChange={(next) => change(withValue(definition, here.path, next))}>
        <Stack gap="sm">
          <Group justify="space-between" gap="xs" wrap="nowrap">
            <Title order={2} size="h5" className="rk-break">
              {idOfStep(here.step)}
            </Title>
            <Tools here={here} />
          </Group>
          {general.map((problem) => (
            <Alert key={problem.word} color={problem.kind === "doubtful" ? "yellow" : "red"} p="xs">
              {t(`flow.problem.${problem.word}`, problem.values ?? {})}
            </Alert>
          ))}
          <Tabs defaultValue="form" keepMounted={false}>
            <Tabs.List>
              <Tabs.Tab value="form">{t("definitions.form")}</Tabs.Tab>
              <Tabs.Tab value="json">{t("definitions.json")}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="form" pt="xs">
              <Stack gap="sm">
                <Head here={here} />
                <StepKeys type={String(here.step.type)} />
                <Ways />
              </Stack>
            </Tabs.Panel>
            <Tabs.Panel value="json" pt="xs">
              <StepJson step={here.step} onChange={(next) => change(withValue(definition, here.path, next))} />
            </Tabs.Panel>
          </Tabs>
        </Stack>
      </DocumentScope>
    </HereContext.Provider>
  );
}

function Head({ here }: { here: LocatedStep }) {
  const { t } = useTranslation();
  const { definition, change, steps, isFresh } = useBuilder();
  const id = idOfStep(here.step);
  const taken = steps.filter((each) => each !== here).map(({ step }) => idOfStep(step));
  return (
    <Group gap="xs" align="flex-start">
      <NameInput label={t("key.stepId")} w={200} value={id} taken={[...taken, "end"]} error={useProblem("id")} autoFocus={isFresh} onCommit={(name) => change(renameStep(definition, here.path, name))} />
      <Select
        size="xs"
        w={160}
        label={t("key.stepType")}
        allowDeselect={false}
        data={STEP_TYPES.map((type) => ({ value: type, label: t(`flow.step.${type}`) }))}
        value={String(here.step.type)}
        onChange={(type) => type && type !== here.step.type && change(retypeStep(definition, here.path, type))}
      />
    </Group>
  );
}

function Tools({ here }: { here: LocatedStep }) {
  const { t } = useTranslation();
  const { definition, apply, ask, change, select } = useBuilder();
  const at = Number(here.path.at(-1));
  const step = idOfStep(here.step);
  const tool = (icon: IconName, word: string, act: () => void, more: { disabled?: boolean; color?: string } = {}) => (
    <ActionIcon variant="subtle" color="gray" onClick={act} aria-label={t(word, { step })} title={t(word, { step })} {...more}>
      <Icon name={icon} size={14} />
    </ActionIcon>
  );
  const remove = () => {
    change(removeStep(definition, here.path));
    select(null);
  };
  return (
    <Group gap={0} wrap="nowrap">
      {tool("first", "flow.addBefore", () => ask((type) => addBefore(definition, here.path, type)))}
      {tool("plus", "flow.addAfter", () => ask((type) => addAfter(definition, here.path, type)))}
      {tool("up", "flow.up", () => apply(moveStep(definition, here.path, -1)), { disabled: at === 0 })}
      {tool("down", "flow.down", () => apply(moveStep(definition, here.path, 1)), { disabled: at === here.siblings.length - 1 })}
      <MoveMenu here={here} />
      {tool("columns", "flow.duplicate", () => apply(duplicateStep(definition, here.path)))}
      {tool("trash", "flow.remove", remove, { color: "red" })}
    </Group>
  );
}

/** The other lists that the step can be moved to. */
function MoveMenu({ here }: { here: LocatedStep }) {
  const { t } = useTranslation();
  const { definition, steps, apply } = useBuilder();
  const own = here.path.slice(0, -1).join();
  const root = { label: t("flow.mainList"), path: ["steps"] as (string | number)[] };
  const inner = steps.flatMap(({ step, path }) => innerLists(step as Step, path).map((list) => ({ label: list.name === "" ? idOfStep(step) : `${idOfStep(step)} / ${list.name}`, path: [...list.path] })));
  const lists = [root, ...inner].filter(({ path }) => path.join() !== own && !here.path.every((part, at) => path[at] === part));
  if (lists.length === 0) return null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t("flow.moveTo", { step: idOfStep(here.step) })} title={t("flow.moveTo", { step: idOfStep(here.step) })}>
          <Icon name="next" size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {lists.map(({ label, path }) => (
          <Menu.Item key={path.join()} onClick={() => apply(moveInto(definition, here.path, path))}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
