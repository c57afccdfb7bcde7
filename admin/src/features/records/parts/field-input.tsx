import { kindOf } from "../../../fields/registry";
import { type Entity, type Field, referenceOf } from "../../../model/schema";
import { ReferenceInput } from "./reference-input";

export interface FieldInputProps {
  app: string;
  entity: Entity;
  field: Field;
  value: unknown;
  error: string | undefined;
  disabled: boolean;
  onChange: (value: unknown) => void;
}

/** The input of a field: by its type, or a choice of records where it refers to one. */
export function FieldInput(props: FieldInputProps) {
  const { entity, field } = props;
  const relation = referenceOf(entity, field.name);
  if (relation) return <ReferenceInput {...props} relation={relation} />;
  const Input = kindOf(field).input;
  return <Input {...props} label={field.name} />;
}
