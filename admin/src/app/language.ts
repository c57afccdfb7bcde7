/** The language of the words, kept in this browser. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = { en: "English", de: "Deutsch", ar: "العربية" } as const;
export type Language = keyof typeof LANGUAGES;
const STORED = "rocket.language";

export function language(): Language {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  return wanted in LANGUAGES ? (wanted as Language) : "en";
}

export function directionOf(chosen: Language): "ltr" | "rtl" {
  return chosen === "ar" ? "rtl" : "ltr";
}

/** Each language is a file of its own, and only the chosen one is fetched; a test says that each has every word. */
const WORDS: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  en: () => import("../words/en.json"),
  de: () => import("../words/de.json"),
  ar: () => import("../words/ar.json"),
};

/** Change the language. Screens change as soon as its words are there; the document says its language and direction. */
export async function setLanguage(chosen: Language): Promise<void> {
  i18next.addResourceBundle(chosen, "translation", (await WORDS[chosen]()).default);
  localStorage.setItem(STORED, chosen);
  await i18next.changeLanguage(chosen);
  mark(chosen);
}

function mark(chosen: Language): void {
  document.documentElement.lang = chosen;
  document.documentElement.dir = directionOf(chosen);
}

/** Fetch the words of the chosen language, before the first screen. */
export async function loadLanguage(): Promise<void> {
  const chosen = language();
  const words = (await WORDS[chosen]()).default;
  await i18next.use(initReactI18next).init({
    lng: chosen,
    fallbackLng: false,
    keySeparator: false,
    interpolation: { escapeValue: false },
    resources: { [chosen]: { translation: words } },
  });
  mark(chosen);
}
