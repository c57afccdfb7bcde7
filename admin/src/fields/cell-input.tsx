/** Edits a value in a cell of the grid: plain inputs, as a grid has many cells and only one of them is edited. */

import { useState } from "react";
import { useTranslation } from "../words/translator";
import type { Field } from "../model/schema";
import { asLocal } from "./moments";

export type Leave = "down" | "next" | "back" | "stay";

interface CellInputProps {
  field: Field;
  value: unknown;
  onCommit: (value: unknown) => void;
  /** The editor closes; without a step the focus stays where the reader has put it. */
  onClose: (step?: Leave) => void;
}

const INPUT_TYPES: Partial<Record<Field["type"], string>> = { date: "date", timestamp: "datetime-local" };
const EMPTY = "";

/** Whether a value of this field is edited in a cell. Files and JSON have their editors in the record's form. */
export function isCellEditable(field: Field): boolean {
  return field.update && !field.masked && field.type !== "json" && field.type !== "file";
}

export function CellInput({ field, value, onCommit, onClose }: CellInputProps) {
  const [typed, setTyped] = useState(textOf(field, value));
  const [closed, setClosed] = useState(false);
  const leave = (step?: Leave) => {
    if (closed) return;
    setClosed(true);
    if (typed !== textOf(field, value)) onCommit(valueOf(field, typed));
    onClose(step);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") {
      setClosed(true);
      onClose("stay");
    } else if (event.key === "Enter" && !event.shiftKey) leave("down");
    else if (event.key === "Tab") leave(event.shiftKey ? "back" : "next");
    else return;
    event.preventDefault();
  };
  const shared = {
    className: "rk-cell-input",
    "aria-label": field.name,
    autoFocus: true,
    value: typed,
    onKeyDown,
    onBlur: () => leave(),
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>) => setTyped(event.currentTarget.value),
  };
  if (field.enum || field.type === "boolean") return <CellChoice field={field} shared={shared} current={textOf(field, value)} />;
  if (field.type === "text") return <textarea {...shared} rows={4} data-long="true" />;
  return <input {...shared} type={INPUT_TYPES[field.type] ?? "text"} step={field.type === "timestamp" ? 1 : undefined} />;
}

/** A choice of values. What is stored is among them, also where the enum no longer has it. */
function CellChoice({ field, shared, current }: { field: Field; shared: React.SelectHTMLAttributes<HTMLSelectElement>; current: string }) {
  const { t } = useTranslation();
  const values = field.enum?.map(String) ?? ["true", "false"];
  const all = current === EMPTY || values.includes(current) ? values : [...values, current];
  const label = (value: string) => (field.type === "boolean" ? t(value === "true" ? "value.yes" : "value.no") : value);
  return (
    <select {...shared}>
      {(!field.required || current === EMPTY) && <option value={EMPTY}>{t("value.none")}</option>}
      {all.map((value) => (
        <option key={value} value={value}>
          {label(value)}
        </option>
      ))}
    </select>
  );
}

function textOf(field: Field, value: unknown): string {
  if (value === null || value === undefined) return EMPTY;
  return field.type === "timestamp" ? asLocal(value) : String(value);
}

/** What was typed, as the API takes it. Numbers stay text, so that no digit is lost. */
function valueOf(field: Field, typed: string): unknown {
  if (typed === EMPTY) return null;
  if (field.type === "boolean") return typed === "true";
  if (field.type === "timestamp") return new Date(typed).toISOString();
  if (field.enum) return field.enum.find((each) => String(each) === typed) ?? typed;
  return field.type === "string" || field.type === "text" ? typed : typed.trim();
}
