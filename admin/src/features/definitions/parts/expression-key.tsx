import { CodeInput } from "../../../ui/code/code-input";
import type { Load, Names, Place } from "../../../model/expressions";
import { namesOf } from "../../../model/expressions";
import { useAppSchema } from "../../../api/app-schema";
import { type KeyProps, useLabel } from "./keys";
import { useKey, useProblems, useScope } from "./scope";

/** An expression over a record: what it can see depends on its place. */
export function ExpressionKey({ place, entity, loads, ...props }: KeyProps & { place: Place; entity: unknown; loads?: Load[] }) {
  const { app } = useScope();
  const schema = useAppSchema(app);
  return <NamedExpressionKey {...props} names={namesOf(place, schema, entity, loads)} />;
}

/** An expression over names that are given. */
export function NamedExpressionKey({ names, ...props }: KeyProps & { names: Names }) {
  const [value, set] = useKey(props.name);
  const empty = props.required ? "" : undefined;
  return (
    <CodeInput
      language="expression"
      label={useLabel(props)}
      required={props.required ?? false}
      value={typeof value === "string" ? value : ""}
      onChange={(typed) => set(typed || empty)}
      names={names}
      errors={useProblems(props.name)}
      minLines={1}
    />
  );
}
