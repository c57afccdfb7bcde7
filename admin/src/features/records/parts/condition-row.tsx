import { ActionIcon, Group, Select, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { type Condition, isBare, operatorsOf } from "../../../model/filter";
import { type AppSchema, type Entity, type Field, referenceOf } from "../../../model/schema";
import { Icon } from "../../../ui/icons";
import { ReferenceInput } from "./reference-input";

interface RowProps {
  app: string;
  entity: Entity;
  condition: Condition;
  onEdit: (part: Partial<Condition>) => void;
  onRemove: () => void;
}

const INSIDE = { withinPortal: false };

/** A condition: a field of the record or of a related one, a comparison, a value. */
export function ConditionRow({ app, entity, condition, onEdit, onRemove }: RowProps) {
  const { t } = useTranslation();
  const schema = useAppSchema(app);
  const own = entity.fields.filter((field) => field.filter).map((field) => field.name);
  const related = relatedPaths(schema, entity);
  const field = fieldAt(schema, entity, condition.field);
  const operators = field ? operatorsOf(field) : ["eq"];
  const chooseField = (path: string | null) => {
    const chosen = path && fieldAt(schema, entity, path);
    if (chosen) onEdit({ field: path, op: operatorsOf(chosen).includes(condition.op) ? condition.op : "eq", value: "" });
  };
  return (
    <Group gap={6} align="flex-start">
      <Select
        size="xs"
        w={150}
        aria-label={t("filter.field")}
        searchable
        comboboxProps={INSIDE}
        data={related.length === 0 ? own : [{ group: entity.name, items: own }, ...related]}
        value={condition.field}
        onChange={chooseField}
      />
      <Select
        size="xs"
        w={130}
        aria-label={t("filter.operator")}
        comboboxProps={INSIDE}
        data={operators.map((op) => ({ value: op, label: t(`op.${op}`) }))}
        value={condition.op}
        onChange={(op) => op && onEdit({ op })}
      />
      {!isBare(condition.op) && <ValueInput {...{ app, entity, field, condition }} onChange={(value) => onEdit({ value })} />}
      <ActionIcon variant="subtle" color="gray" aria-label={t("filter.remove")} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </Group>
  );
}

type ValueProps = Pick<RowProps, "app" | "entity" | "condition"> & { field: Field | undefined; onChange: (value: string) => void };

function ValueInput({ app, entity, field, condition, onChange }: ValueProps) {
  const { t } = useTranslation();
  const relation = field && !condition.field.includes(".") ? referenceOf(entity, field.name) : undefined;
  const isOne = condition.op === "eq" || condition.op === "neq";
  const choices = field?.enum?.map((value) => ({ value: String(value), label: String(value) }));
  const yesNo = field?.type === "boolean" ? ["true", "false"].map((value) => ({ value, label: t(value === "true" ? "value.yes" : "value.no") })) : undefined;
  const options = isOne || yesNo ? (choices ?? yesNo) : undefined;
  if (field && relation && isOne) {
    return (
      <ReferenceInput
        {...{ app, entity, field, relation }}
        small={t("filter.value")}
        value={condition.value || null}
        error={undefined}
        disabled={false}
        onChange={(value) => onChange(value === null ? "" : String(value))}
      />
    );
  }
  if (options) {
    return <Select size="xs" w={160} aria-label={t("filter.value")} comboboxProps={INSIDE} data={options} value={condition.value || null} onChange={(value) => onChange(value ?? "")} />;
  }
  return (
    <TextInput
      size="xs"
      w={160}
      type={field?.type === "date" && condition.op !== "in" ? "date" : "text"}
      aria-label={t("filter.value")}
      {...(condition.op === "in" ? { placeholder: t("filter.list") } : {})}
      value={condition.value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** The fields of related records, as paths: `supplier.city`. A condition on them asks for a related record where it holds. */
function relatedPaths(schema: AppSchema, entity: Entity): { group: string; items: string[] }[] {
  return entity.relations.flatMap((relation) => {
    const other = otherEnd(schema, entity, relation.name);
    const items = other?.fields.filter((field) => field.filter).map((field) => `${relation.name}.${field.name}`) ?? [];
    return items.length > 0 ? [{ group: relation.name, items }] : [];
  });
}

function otherEnd(schema: AppSchema, entity: Entity, name: string): Entity | undefined {
  const relation = entity.relations.find((each) => each.name === name);
  const end = relation && (relation.source === entity.name ? relation.target : relation.source);
  return schema.entities.find((each) => each.name === end && each.actions.includes("read"));
}

function fieldAt(schema: AppSchema, entity: Entity, path: string): Field | undefined {
  const [first, second] = path.split(".");
  const home = second === undefined ? entity : otherEnd(schema, entity, first!);
  return home?.fields.find((field) => field.name === (second ?? first));
}
