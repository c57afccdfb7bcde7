import { Group, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { allSteps, idOfStep, stepsOf } from "../../../model/workflow";
import { type Moved, workflowVersionQuery } from "../migration";

interface Props {
  app: string;
  workflow: string;
  to: number;
  results: Moved[];
  mapping: Record<string, string>;
  onChange: (mapping: Record<string, string>) => void;
}

/** Where instances go on whose step is not there any more: a step of the new version for each of now. */
export function MigrationMapping({ app, workflow, to, results, mapping, onChange }: Props) {
  const { t } = useTranslation();
  const found = useQuery(workflowVersionQuery(app, workflow, to));
  const stuck = results.filter((each) => !each.ok).map((each) => each.step);
  const steps = [...new Set([...Object.keys(mapping), ...stuck])].filter((step): step is string => typeof step === "string");
  if (!found.data || steps.length === 0) return null;
  const targets = allSteps(stepsOf(found.data)).map(({ step }) => ({ value: idOfStep(step), label: `${idOfStep(step)} (${t(`flow.step.${String(step.type)}`)})` }));
  const choose = (step: string, target: string | null) => {
    const { [step]: _before, ...rest } = mapping;
    onChange(target === null ? rest : { ...rest, [step]: target });
  };
  return (
    <Stack gap={6} component="section" aria-label={t("migrate.mapping")}>
      <Text size="sm">{t("migrate.mappingHelp")}</Text>
      {steps.map((step) => (
        <Group key={step} gap="xs">
          <Text size="sm" fw={600} miw={120}>
            {step} →
          </Text>
          <Select size="xs" w={240} clearable searchable aria-label={t("migrate.insteadOf", { step })} placeholder={step} data={targets} value={mapping[step] ?? null} onChange={(target) => choose(step, target)} />
        </Group>
      ))}
    </Stack>
  );
}
