/** The columns of a list of records, from the entity's fields. */

import type { TFunction } from "../../../words/translator";
import { type AppSchema, type Entity, type Field, type Row, labelField, labelOf, referenceOf } from "../../../model/schema";
import { looksOf } from "../../../fields/cells";
import type { Column } from "../../../ui/grid/grid";

const SHOWN_AT_FIRST = 8;

/** The names of the columns that are shown when nobody has chosen: what names a record first, its key last. */
export function defaultColumns(entity: Entity): string[] {
  const label = labelField(entity);
  const others = entity.fields.filter((field) => field.read && field.name !== label && !entity.primary_key.fields.includes(field.name));
  return [label, ...others.map((field) => field.name)].slice(0, SHOWN_AT_FIRST);
}

export function columnsOf(
  schema: AppSchema,
  entity: Entity,
  names: string[] | undefined,
  widths: Record<string, number>,
  t: TFunction,
): Column<Row>[] {
  const fields = new Map(entity.fields.map((field) => [field.name, field]));
  return (names ?? defaultColumns(entity)).flatMap((name) => {
    const field = fields.get(name);
    return field?.read ? [columnOf(schema, entity, field, widths[name], t)] : [];
  });
}

function columnOf(schema: AppSchema, entity: Entity, field: Field, width: number | undefined, t: TFunction): Column<Row> {
  const kind = looksOf(field);
  const relation = referenceOf(entity, field.name);
  const target = relation && schema.entities.find((each) => each.name === relation.source);
  return {
    id: field.name,
    label: field.name,
    width: width ?? kind.width,
    align: kind.align,
    hint: field.computed ? t("field.computed") : field.auto ? t(`field.${field.auto}`, { defaultValue: "" }) : undefined,
    sortable: field.filter && field.type !== "json" && field.type !== "file",
    cell: (row) => {
      const value = row[field.name];
      if (value === null || value === undefined) return <span className="rk-null">–</span>;
      const referred = (relation && row[relation.name]) as Row | null | undefined;
      const isNamed = target && referred && String(referred[relation.source_key]) === String(value);
      return isNamed ? labelOf(target, referred) : kind.cell(value, field);
    },
  };
}
