/** Turns keys into words of the chosen language: `t("shell.skip")`. Words arrive in two parts, see parts.ts. */

import { useSyncExternalStore } from "react";

export type Language = "en" | "de" | "ar";
type Values = Record<string, unknown> & { count?: number; defaultValue?: string };
export type TFunction = (key: string, values?: Values) => string;

/** What words are asked of. Another language or more words make a new one, which draws the screens anew. */
export interface Translator {
  language: Language;
  t: TFunction;
  dir: () => "ltr" | "rtl";
}

export function directionOf(language: Language): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}

export function translatorOf(language: Language, words: Record<string, string>): Translator {
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const found = (key: string, count: unknown) => (typeof count === "number" ? words[`${key}_${plurals.select(count)}`] : undefined) ?? words[key];
  const inWords = (value: unknown, format: string | undefined) =>
    value === undefined || value === null ? "" : format && typeof value === "number" ? numbers.format(value) : String(value);
  return {
    language,
    dir: () => directionOf(language),
    t: (key, values = {}) =>
      (found(key, values.count) ?? values.defaultValue ?? key).replace(/\{\{(\w+)(, number)?\}\}/g, (_all, name: string, format?: string) => inWords(values[name], format)),
  };
}

let current = translatorOf("en", {});
const watchers = new Set<() => void>();

export function setTranslator(translator: Translator): void {
  current = translator;
  for (const watcher of watchers) watcher();
}

/** The translator of this moment, for what is not a component. */
export const translator = (): Translator => current;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useTranslation(): { t: TFunction; i18n: Translator } {
  const i18n = useSyncExternalStore(watch, translator);
  return { t: i18n.t, i18n };
}
