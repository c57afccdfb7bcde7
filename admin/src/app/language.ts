/** The language of the words, kept in this browser. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import ar from "../words/ar.json";
import de from "../words/de.json";
import en from "../words/en.json";

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

/** Change the language. Screens change at once; the document says its language and direction. */
export function setLanguage(chosen: Language): void {
  localStorage.setItem(STORED, chosen);
  void i18next.changeLanguage(chosen);
  mark(chosen);
}

function mark(chosen: Language): void {
  document.documentElement.lang = chosen;
  document.documentElement.dir = directionOf(chosen);
}

void i18next.use(initReactI18next).init({
  lng: language(),
  fallbackLng: "en",
  keySeparator: false,
  interpolation: { escapeValue: false },
  resources: { en: { translation: en }, de: { translation: de }, ar: { translation: ar } },
});
mark(language());
