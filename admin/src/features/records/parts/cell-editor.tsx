import { CellInput, type Leave } from "../../../fields/cell-input";
import { type Entity, type Field, type Row, referenceOf } from "../../../model/schema";
import { later } from "../../../ui/later";

const ReferenceInput = later(() => import("./reference-input"), "ReferenceInput");

interface Props {
  app: string;
  entity: Entity;
  field: Field;
  row: Row;
  onCommit: (value: unknown) => void;
  onClose: (step?: Leave) => void;
}

/** The editor of a cell: a reference is chosen by name, all else is typed or chosen in plain inputs. */
export function CellEditor({ app, entity, field, row, onCommit, onClose }: Props) {
  const relation = referenceOf(entity, field.name);
  const value = row[field.name];
  if (!relation) return <CellInput field={field} value={value} onCommit={onCommit} onClose={onClose} />;
  return (
    <div
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") onClose("stay");
      }}
    >
      <ReferenceInput
        {...{ app, entity, field, relation, value }}
        inCell
        error={undefined}
        disabled={false}
        onChange={(chosen) => {
          onCommit(chosen);
          onClose("stay");
        }}
        onLeave={() => onClose()}
      />
    </div>
  );
}
