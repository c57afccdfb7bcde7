/** Inputs for texts of a workflow: expressions, templates, paths, times, and names that others speak of. */

import { Autocomplete, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { usePeople } from "../../../api/people";
import type { Names } from "../../../model/expressions";
import { pathsOf } from "../../../model/workflow-names";
import { NamedExpressionKey } from "../parts/expression-key";
import { asValue, type KeyProps, SuggestedKey, TagsKey, useFrame } from "../parts/keys";
import { useKey, useScope } from "../parts/scope";
import { definitionsQuery } from "../queries";
import { useStepNames } from "./context";

/** An expression over what the step sees, and what is given beside it. */
export function StepExpressionKey({ more, ...props }: KeyProps & { more?: Names }) {
  return <NamedExpressionKey {...props} names={{ ...useStepNames(), ...more }} />;
}

/** A plain path such as `record.manager_id`. */
export function PathKey(props: KeyProps) {
  return <SuggestedKey {...props} values={pathsOf(useStepNames())} />;
}

const asTyped = (value: unknown): string => {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return JSON.stringify(value);
  return typeof asValue(value) === "string" && !value.startsWith('"') ? value : JSON.stringify(value);
};

/** Any value, or a text with `{{ paths }}` in it. */
export function TemplateKey({ entityNow, ...props }: KeyProps & { entityNow?: boolean }) {
  const [value, set] = useKey(props.name);
  const suggested = [...(entityNow ? ["now"] : []), ...pathsOf(useStepNames()).map((path) => `{{ ${path} }}`)];
  return (
    <Autocomplete
      {...useFrame(props)}
      data={suggested}
      limit={50}
      value={asTyped(value)}
      onChange={(typed) => set(typed === "" ? (props.required ? "" : undefined) : asValue(typed))}
    />
  );
}

const TIMES = ["15m", "1h", "4h", "24h", "72h", "168h"];

/** A length of time such as "72h". */
export function DurationKey(props: KeyProps) {
  return <SuggestedKey w={130} {...props} values={TIMES} />;
}

export function DurationsKey(props: KeyProps) {
  return <TagsKey {...props} suggestions={TIMES} />;
}

export function UserKey(props: KeyProps) {
  const { app } = useScope();
  return <SuggestedKey {...props} values={usePeople(app).map((person) => person.email)} />;
}

/** The name of a definition of a kind. */
export function DefinitionKey({ kind, more = [], ...props }: KeyProps & { kind: string; more?: string[] }) {
  const { app } = useScope();
  const found = useQuery({ ...definitionsQuery(app, kind), retry: false, meta: { shown: true } });
  return <SuggestedKey {...props} values={[...more, ...(found.data ?? []).map((row) => String(row["name"]))]} />;
}

/** Whole numbers, told apart by commas. */
export function NumbersKey(props: KeyProps) {
  const [value, set] = useKey(props.name);
  const [text, setText] = useState(Array.isArray(value) ? value.join(", ") : "");
  const read = () => text.split(/[\s,]+/).filter(Boolean).map(Number).filter(Number.isInteger);
  return (
    <TextInput
      {...useFrame(props)}
      value={text}
      placeholder="404, 409"
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => set(read().length > 0 ? read() : undefined)}
    />
  );
}

interface NameInputProps {
  label: string;
  value: string;
  /** Names that others have. */
  taken: string[];
  onCommit: (name: string) => void;
  error?: string | undefined;
  isBare?: boolean;
  autoFocus?: boolean;
  w?: number | string;
}

/** A name that others speak of: it is taken on when the input is left, so that they follow whole names only. */
export function NameInput({ label, value, taken, onCommit, error, isBare, autoFocus, w }: NameInputProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string>();
  const text = typed ?? value;
  const isTaken = text !== value && taken.includes(text);
  const commit = () => {
    if (isTaken || text === "") return;
    if (text !== value) onCommit(text);
    setTyped(undefined);
  };
  return (
    <TextInput
      size="xs"
      {...(w === undefined ? {} : { w })}
      {...(isBare ? { "aria-label": label } : { label, required: true })}
      error={isTaken ? t("flow.taken") : error}
      value={text}
      autoFocus={autoFocus ?? false}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        commit();
      }}
    />
  );
}
