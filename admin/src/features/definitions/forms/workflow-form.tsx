import { Grid as Columns, Group, SimpleGrid, Stack } from "@mantine/core";
import { useState } from "react";
import { allSteps, stepsOf } from "../../../model/workflow";
import { SwitchKey, TextKey } from "../parts/keys";
import { ProblemsOf, useDocumentProblems, useScope } from "../parts/scope";
import "../workflow/builder.css";
import { type Builder, BuilderContext, type Placing, type Selection, useBuilder } from "../workflow/context";
import { StepPicker } from "../workflow/picker";
import { Picture } from "../workflow/picture";
import { ProblemList } from "../workflow/problem-list";
import { StartPanel } from "../workflow/start-panel";
import { StepPanel } from "../workflow/step-panel";
import { useAllProblems } from "../workflow/use-problems";
import type { FormProps } from "./props";

/** A workflow: a picture or an outline of its steps, and beside it the form of what is selected there. */
export default function WorkflowForm({ id }: FormProps) {
  const { app, document: definition, onChange: change } = useScope();
  const [selection, setSelection] = useState<{ at: Selection; isFresh: boolean }>({ at: null, isFresh: false });
  const [placing, setPlacing] = useState<Placing>();
  const { all: problems, inPlace } = useAllProblems(definition, useDocumentProblems());
  const steps = allSteps(stepsOf(definition));
  const select = (at: Selection, isFresh = false) => setSelection({ at, isFresh });
  const builder: Builder = {
    app, definition, steps, change, problems, isFresh: selection.isFresh,
    selected: selection.at, select,
    ask: (next) => setPlacing(() => next),
    apply: (edited) => {
      if (!edited) return;
      change(edited.definition);
      select(edited.path);
    },
  };
  const place = (type: string) => {
    const edited = placing!(type);
    setPlacing(undefined);
    change(edited.definition);
    select(edited.path, true);
  };
  return (
    <BuilderContext.Provider value={builder}>
      <ProblemsOf problems={inPlace}>
        <Stack gap="sm">
          <Basics />
          <ProblemList problems={problems} />
          <Columns gap="md">
            <Columns.Col span={{ base: 12, md: 6, xl: 7 }}>
              <Picture id={id} />
            </Columns.Col>
            <Columns.Col span={{ base: 12, md: 6, xl: 5 }}>
              <Panel />
            </Columns.Col>
          </Columns>
          <StepPicker opened={placing !== undefined} onPick={place} onClose={() => setPlacing(undefined)} />
        </Stack>
      </ProblemsOf>
    </BuilderContext.Provider>
  );
}

/** The form of the selected step, or of the start. */
function Panel() {
  const { steps, selected } = useBuilder();
  const here = selected && steps.find((each) => each.path.join(".") === selected.join("."));
  return <div className="rk-panel">{here ? <StepPanel key={here.path.join(".")} here={here} /> : <StartPanel />}</div>;
}

function Basics() {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <TextKey name="name" required />
      <TextKey name="description" />
      <Group>
        <SwitchKey name="active" otherwise />
        <SwitchKey name="notify" label="flow.notify" otherwise />
      </Group>
    </SimpleGrid>
  );
}
