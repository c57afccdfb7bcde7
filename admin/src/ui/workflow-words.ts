/** How steps, ways and triggers read to people. */

import { type TFunction, translator } from "../words/translator";
import type { Step } from "../model/workflow";

const texts = (value: unknown): string => (Array.isArray(value) ? value.map(texts).join(", ") : typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? ""));
const MAX_CHARACTERS = 34;
const short = (text: string) => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text);

/** What is special about a step, in a few words. */
export function summaryOf(t: TFunction, step: Step): string {
  switch (step.type) {
    case "action":
      return short(((step["actions"] ?? []) as Step[]).map((action) => t(`flow.action.${String(action.type)}`)).join(", "));
    case "condition":
      return short(step["branches"] === undefined ? texts(step["expression"]) : t("flow.choicesCount", { count: ((step["branches"] ?? []) as unknown[]).length }));
    case "set":
      return short(Object.keys((step["values"] ?? {}) as object).join(", "));
    case "approval":
      return short(decidersOf(t, step));
    case "wait":
      return short(step["event"] === undefined ? texts(step["for"] ?? step["until"]) : texts((step["event"] as Step)["name"]));
    case "parallel":
      return typeof step["join"] === "object" ? t("flow.joinQuorum", { count: Number((step["join"] as Step)["quorum"]) }) : t(`flow.join.${String(step["join"] ?? "all")}`);
    case "sub_workflow":
      return short(texts(step["workflow"]));
    case "loop":
      return short(texts(step["over"]));
    default:
      return "";
  }
}

function decidersOf(t: TFunction, step: Step): string {
  if (step["assignee"] !== undefined) return texts((step["assignee"] as Step)["role"]);
  if (step["approvers"] === undefined) return t("flow.deciders.anyone");
  const seats = (step["approvers"] as Step[]).map((seat) => texts(seat["label"] ?? seat["role"] ?? seat["user"] ?? seat["path"] ?? seat["expression"]));
  const mode = step["mode"];
  const needed = typeof mode === "object" && mode !== null ? ` · ${"quorum" in mode ? String((mode as Step)["quorum"]) : `${Number((mode as Step)["share"]) * 100} %`}` : "";
  return seats.join(", ") + needed;
}

/** The word of a way; the usual one of a step with a single way has none. */
export function wayWord(t: TFunction, key: string, step: Step): string {
  const branch = /^branches\.(\d+)\.goto$/.exec(key);
  if (branch) return short(texts(((step["branches"] as Step[])[Number(branch[1])] ?? {})["when"]));
  return key === "then" ? "" : t(`flow.wayShort.${key}`);
}

export function triggerWord(t: TFunction, trigger: Step): string {
  const about = ["entity", "event", "cron"].map((key) => trigger[key]).filter((value) => value !== undefined && value !== "").map(texts).join(" ");
  const state = trigger.type === "state_change" && trigger["to"] ? ` → ${texts(trigger["to"])}` : "";
  return `${t(`flow.trigger.${String(trigger.type)}`)}${about ? `: ${about}` : ""}${state}`;
}

const UNITS: [Intl.NumberFormatOptions["unit"] & string, number][] = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** A length of time in its two largest units. */
export function lengthInWords(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0 && parts.length < 2) parts.push(new Intl.NumberFormat(translator().language, { style: "unit", unit, unitDisplay: "narrow" }).format(count));
  }
  return parts.join(" ") || new Intl.NumberFormat(translator().language, { style: "unit", unit: "second", unitDisplay: "narrow" }).format(0);
}
