/** An input for expressions or JSON, with a label and a message like every other. The editor is loaded when one is shown. */

import { Input, Skeleton } from "@mantine/core";
import { Suspense, lazy, useId, useState } from "react";
import { useTranslation } from "../../words/translator";
import type { Names } from "../../model/expressions";
import { mistakeIn, rangeOf } from "../../model/mistakes";
import type { Language, Problem } from "./types";

const CodeEditor = lazy(() => import("./editor"));

interface Props {
  language: Language;
  label: string;
  description?: string;
  value: string;
  onChange: (value: string) => void;
  names?: Names;
  /** What is wrong, in words; positions are taken out of them. */
  errors?: string[];
  /** What the server found wrong in a JSON document, by path. */
  problems?: Problem[];
  required?: boolean;
  minLines?: number;
  maxLines?: number;
  disabled?: boolean;
  labelHidden?: boolean;
}

const NO_NAMES: Names = {};
const LINE_PX = 20;

function problemIn(text: string, error: string): Problem {
  const mistake = mistakeIn(error);
  return mistake ? { message: mistake.message, range: rangeOf(text, mistake) } : { message: error };
}

export function CodeInput({ language, label, description, value, onChange, names = NO_NAMES, errors = [], problems = [], required = false, minLines = 2, maxLines = 16, disabled = false, labelHidden }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const [syntax, setSyntax] = useState<string>();
  const said = [...new Set(errors.map((error) => mistakeIn(error)?.message ?? error))].join("; ");
  const shown = syntax ? t("form.notJson", { reason: syntax }) : said || undefined;
  const found = [...problems, ...errors.map((error) => problemIn(value, error))];
  return (
    <Input.Wrapper
      size="xs"
      label={label}
      labelElement="div"
      labelProps={{ id: `${id}-label`, ...(labelHidden ? { className: "rk-skip" } : {}) }}
      description={description}
      required={required}
      error={shown}
      errorProps={{ id: `${id}-error`, role: "alert" }}
    >
      <Suspense fallback={<Skeleton h={minLines * LINE_PX + 10} />}>
        <CodeEditor
          language={language}
          value={value}
          onChange={onChange}
          onProblem={setSyntax}
          names={names}
          problems={found}
          labelledBy={`${id}-label`}
          describedBy={shown ? `${id}-error` : ""}
          minLines={minLines}
          maxLines={maxLines}
          disabled={disabled}
        />
      </Suspense>
    </Input.Wrapper>
  );
}
