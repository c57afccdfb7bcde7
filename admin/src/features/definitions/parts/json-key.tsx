import { useEffect, useRef, useState } from "react";
import { same } from "../../../model/changes";
import { parseExact } from "../../../model/json";
import { CodeInput } from "../../../ui/code/code-input";
import { type KeyProps, useLabel } from "./keys";
import { useKey, useProblems } from "./scope";

const laidOut = (value: unknown) => (value === undefined ? "" : JSON.stringify(value, null, 2));

/** A key that holds any JSON. What is no JSON yet is marked, and the key stays as it was. */
export function JsonKey(props: KeyProps) {
  const [value, set] = useKey(props.name);
  const [text, setText] = useState(() => laidOut(value));
  const told = useRef(value);
  // An undo comes from outside.
  useEffect(() => {
    if (!same(told.current, value)) setText(laidOut(value));
    told.current = value;
  }, [value]);
  const edit = (typed: string) => {
    setText(typed);
    try {
      const read = typed.trim() === "" ? undefined : parseExact(typed);
      told.current = read;
      set(read);
    } catch {
      // The editor says where.
    }
  };
  return <CodeInput language="json" label={useLabel(props)} required={props.required ?? false} value={text} onChange={edit} errors={useProblems(props.name)} minLines={6} maxLines={30} />;
}
