import { Badge, Group, Select, Table, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { fillable, samplesOf, type Target } from "../../../model/import-mapping";
import { type AppSchema, type Entity, labelField, referenceOf } from "../../../model/schema";
import type { Preview } from "../queries";
import type { ImportPlan } from "../use-import-settings";

interface Props {
  app: string;
  entity: Entity;
  preview: Preview;
  plan: ImportPlan;
}

const SAMPLES = 3;
const LONGEST_SAMPLE = 40;
const SURE = 0.85;

/** A line for each column of the file: what stands in it, which field it fills, and how sure that is. */
export function MappingTable({ app, entity, preview, plan }: Props) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table aria-label={t("import.mapping")}>
        <Table.Thead>
          <Table.Tr>
            {["column", "samples", "field", "confidence"].map((word) => (
              <Table.Th key={word}>{t(`import.${word}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {preview.columns.map((column) => (
            <Table.Tr key={column}>
              <Table.Th scope="row">{column}</Table.Th>
              <Table.Td>
                <Text size="sm" c="dimmed">
                  {samplesOf(column, preview.rows.map((row) => row.values)).slice(0, SAMPLES).map((sample) => sample.slice(0, LONGEST_SAMPLE)).join(" · ") || "–"}
                </Text>
              </Table.Td>
              <Table.Td>
                <TargetInput app={app} entity={entity} column={column} target={plan.settings.mapping[column] ?? null} onChange={(target) => plan.map(column, target)} />
              </Table.Td>
              <Table.Td>
                <Confidence value={plan.confidenceOf(column)} isSkipped={!plan.settings.mapping[column]} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

type TargetProps = Pick<Props, "app" | "entity"> & { column: string; target: Target | null; onChange: (target: Target | null) => void };

function TargetInput({ app, entity, column, target, onChange }: TargetProps) {
  const { t } = useTranslation();
  const schema = useAppSchema(app);
  const refers = (name: string) => referredBy(schema, entity, name);
  const choose = (name: string | null) => {
    const other = name === null ? undefined : refers(name);
    onChange(name === null ? null : other ? { field: name, by: labelField(other) } : { field: name });
  };
  const other = target ? refers(target.field) : undefined;
  const fields = other?.fields.filter((field) => field.read && field.filter && field.type !== "json" && field.type !== "file").map((field) => field.name) ?? [];
  return (
    <Group gap="xs" wrap="nowrap">
      <Select size="xs" w={180} searchable clearable aria-label={t("import.fieldOf", { column })} placeholder={t("import.skip")} data={fillable(entity).map((field) => field.name)} value={target?.field ?? null} onChange={choose} />
      {target && other && (
        <Select
          size="xs"
          w={150}
          aria-label={t("import.byOf", { column })}
          data={fields.map((name) => ({ value: name, label: t("import.by", { field: `${other.name}.${name}` }) }))}
          value={target.by ?? other.primary_key.fields[0] ?? null}
          onChange={(by) => onChange({ field: target.field, ...(by && !other.primary_key.fields.includes(by) ? { by } : {}) })}
          allowDeselect={false}
        />
      )}
    </Group>
  );
}

/** The entity that a field refers to, where its records can be found by one field. */
function referredBy(schema: AppSchema, entity: Entity, name: string): Entity | undefined {
  const relation = referenceOf(entity, name);
  return relation && schema.entities.find((each) => each.name === relation.source && each.actions.includes("read"));
}

function Confidence({ value, isSkipped }: { value: number | undefined; isSkipped: boolean }) {
  const { t } = useTranslation();
  const [colour, word] = isSkipped ? ["gray", "import.skipped"] : value === undefined ? ["blue", "import.chosen"] : value >= SURE ? ["teal", "import.sure"] : ["orange", "import.unsure"];
  return (
    <Badge variant="dot" color={colour} tt="none">
      {t(word, { percent: Math.round((value ?? 0) * 100) })}
    </Badge>
  );
}
