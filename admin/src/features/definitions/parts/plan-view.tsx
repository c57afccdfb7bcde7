import { Alert, Code, List, Stack, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { Document, Plan } from "../queries";
import { ViolatingRows } from "./violating-rows";

interface Props {
  app: string;
  /** What was planned. */
  document: Document;
  plan: Plan;
  onRepaired: () => void;
}

function enumOf(document: Document, field: string | null): unknown[] | undefined {
  const fields = (document["fields"] ?? []) as Document[];
  return fields.find((each) => each["name"] === field)?.["enum"] as unknown[] | undefined;
}

/** What saving would do: statements, what is doubtful, and the rows that stand against it. */
export function PlanView({ app, document, plan, onRepaired }: Props) {
  const { t } = useTranslation();
  const violations = plan.violations ?? [];
  const warnings = plan.warnings ?? [];
  return (
    <Stack gap="sm">
      <Alert color="blue" title={t("definitions.plan")}>
        <Code block>{(plan.statements ?? []).join(";\n") || t("definitions.planNothing")}</Code>
      </Alert>
      {warnings.length > 0 && (
        <Alert color="yellow" title={t("definitions.planWarnings")}>
          <List size="sm">
            {warnings.map((warning) => (
              <List.Item key={`${warning.path} ${warning.message}`}>
                {warning.path}: {warning.message}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {violations.length > 0 && (
        <Alert color="red" role="alert" title={t("definitions.planViolations")}>
          <Stack gap="sm">
            <Text size="sm">{t("definitions.planViolationsHelp")}</Text>
            {violations.map((violation) => (
              <ViolatingRows key={`${violation.entity}.${violation.field}.${violation.rule}`} app={app} violation={violation} allowed={violation.entity === document["name"] ? enumOf(document, violation.field) : undefined} onRepaired={onRepaired} />
            ))}
          </Stack>
        </Alert>
      )}
    </Stack>
  );
}
