/** The keys of a definition as inputs. Each reads and writes one key of the document that stands around it. */

import { Autocomplete, NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { useRoles } from "../../../api/roles";
import { parseExact } from "../../../model/json";
import { useKey, useProblem, useScope } from "./scope";

export interface KeyProps {
  name: string;
  /** The key of its word; `key.<name>` if it is left out. */
  label?: string;
  required?: boolean;
  w?: number | string;
}

export function useLabel({ name, label }: KeyProps): string {
  const { t } = useTranslation();
  return t(label ?? `key.${name}`);
}

/** What stands around the input of every key. */
export function useFrame(props: KeyProps) {
  const error = useProblem(props.name);
  return { size: "xs", label: useLabel(props), error, required: props.required ?? false, ...(props.w === undefined ? {} : { w: props.w }) } as const;
}

/** What was typed as JSON, or as plain text where it is none. */
export function asValue(typed: string): unknown {
  try {
    return parseExact(typed);
  } catch {
    return typed;
  }
}

const asText = (value: unknown) => (value === undefined || value === null ? "" : String(value));

export function TextKey({ hint, ...props }: KeyProps & { hint?: string }) {
  const [value, set] = useKey(props.name);
  const empty = props.required ? "" : undefined;
  return (
    <TextInput {...useFrame(props)} placeholder={hint ?? ""} value={asText(value)} onChange={(event) => set(event.currentTarget.value || empty)} />
  );
}

/** Several lines; expressions in a font whose characters are equally wide. */
export function LongTextKey({ mono, ...props }: KeyProps & { mono?: boolean }) {
  const [value, set] = useKey(props.name);
  const empty = props.required ? "" : undefined;
  return (
    <Textarea
      {...useFrame(props)}
      autosize
      minRows={2}
      maxRows={16}
      spellCheck={!mono}
      classNames={mono ? { input: "rk-mono" } : {}}
      value={asText(value)}
      onChange={(event) => set(event.currentTarget.value || empty)}
    />
  );
}

export function NumberKey({ min, ...props }: KeyProps & { min?: number }) {
  const [value, set] = useKey(props.name);
  return (
    <NumberInput
      {...useFrame({ w: 130, ...props })}
      min={min ?? 0}
      value={typeof value === "number" ? value : ""}
      onChange={(typed) => set(typed === "" ? undefined : Number(typed))}
    />
  );
}

/** A key that is true or false; `otherwise` is what it is when it is absent. */
export function SwitchKey({ otherwise, ...props }: KeyProps & { otherwise: boolean }) {
  const [value, set] = useKey(props.name);
  const label = useLabel(props);
  const on = typeof value === "boolean" ? value : otherwise;
  return <Switch size="sm" label={label} checked={on} onChange={(event) => set(event.currentTarget.checked)} />;
}

export function ChoiceKey({ values, onPick, ...props }: KeyProps & { values: readonly string[]; onPick?: (value: string | undefined) => void }) {
  const [value, set] = useKey(props.name);
  const known = typeof value === "string" && value !== "" && !values.includes(value) ? [value, ...values] : values;
  return (
    <Select
      {...useFrame(props)}
      clearable={!props.required}
      allowDeselect={!props.required}
      searchable={values.length > 8}
      data={[...known]}
      value={asText(value) || null}
      onChange={(picked) => {
        if (onPick) onPick(picked ?? undefined);
        else set(picked ?? undefined);
      }}
    />
  );
}

/** What comments are called where they are told of as records are. */
const COMMENTS = "_comments";

/** An entity of the app. */
export function EntityKey({ orComments, ...props }: KeyProps & { orComments?: boolean }) {
  const { app } = useScope();
  const names = useAppSchema(app).entities.map((entity) => entity.name);
  return <ChoiceKey {...props} values={orComments ? [...names, COMMENTS] : names} />;
}

/** A field of an entity, of some types where they are given. */
export function FieldKey({ entity, types, ...props }: KeyProps & { entity: unknown; types?: readonly string[] }) {
  const { app } = useScope();
  const fields = useAppSchema(app).entities.find((each) => each.name === entity)?.fields ?? [];
  const names = fields.filter((field) => !types || types.includes(field.type)).map((field) => field.name);
  return <ChoiceKey {...props} values={names} />;
}

/** Text that is often one of a few. */
export function SuggestedKey({ values, ...props }: KeyProps & { values: readonly string[] }) {
  const [value, set] = useKey(props.name);
  const empty = props.required ? "" : undefined;
  return (
    <Autocomplete {...useFrame(props)} data={[...new Set(values)]} value={asText(value)} onChange={(typed) => set(typed || empty)} />
  );
}

/** A list of texts. A single text, as some keys allow, is shown as a list of one. */
export function TagsKey({ suggestions, single, ...props }: KeyProps & { suggestions?: readonly string[]; single?: boolean }) {
  const [value, set] = useKey(props.name);
  const values = Array.isArray(value) ? value.map(String) : value === undefined || value === "" ? [] : [String(value)];
  const empty = single ? "" : props.required ? [] : undefined;
  return (
    <TagsInput
      {...useFrame(props)}
      data={[...new Set(suggestions)]}
      value={values}
      onChange={(next) => set(next.length === 0 ? empty : single && next.length === 1 ? next[0] : next)}
    />
  );
}

/** Roles, with those that are known as suggestions. */
export function RolesKey(props: KeyProps) {
  const { app } = useScope();
  return <TagsKey {...props} suggestions={useRoles(app)} />;
}

/** Any value: JSON, or plain text where it is none. */
export function ValueKey(props: KeyProps) {
  const [value, set] = useKey(props.name);
  const shown = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  return (
    <TextInput {...useFrame(props)} defaultValue={shown} onBlur={(event) => set(event.currentTarget.value === "" ? undefined : asValue(event.currentTarget.value))} />
  );
}
