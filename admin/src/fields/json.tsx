import { Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../words/translator";
import { parseExact } from "../model/json";
import type { InputProps } from "./input";

/** JSON as text. What can't be read yet stays in the field with the reason, and is not sent. */
export function JsonInput({ value, onChange, label, error, field, disabled }: InputProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(value === null || value === undefined ? "" : JSON.stringify(value, null, 2));
  const [problem, setProblem] = useState<string>();
  const edit = (typed: string) => {
    setText(typed);
    try {
      onChange(typed.trim() === "" ? null : parseExact(typed));
      setProblem(undefined);
    } catch (mistake) {
      setProblem(t("form.notJson", { reason: (mistake as Error).message }));
    }
  };
  return (
    <Textarea
      label={label}
      required={field.required}
      autosize
      minRows={3}
      maxRows={16}
      classNames={{ input: "rk-mono" }}
      value={text}
      error={problem ?? error}
      disabled={disabled ?? false}
      onChange={(event) => edit(event.currentTarget.value)}
    />
  );
}
