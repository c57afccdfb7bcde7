/** The language of the words, kept in this browser. */

import { type Language, directionOf, setTranslator, translatorOf } from "../words/translator";
import type { Part } from "../words/parts";

export const LANGUAGES: Record<Language, string> = { en: "English", de: "Deutsch", ar: "العربية" };
const STORED = "rocket.language";

export function language(): Language {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  return wanted in LANGUAGES ? (wanted as Language) : "en";
}

type Words = Record<string, string>;

/** Only the chosen language is fetched, and first what the frame and lists need; a test says that each has every word. */
const WORDS: Record<Language, Record<Part, () => Promise<{ default: Words }>>> = {
  en: { first: () => import("../words/en.json?first"), rest: () => import("../words/en.json?rest") },
  de: { first: () => import("../words/de.json?first"), rest: () => import("../words/de.json?rest") },
  ar: { first: () => import("../words/ar.json?first"), rest: () => import("../words/ar.json?rest") },
};

let shown: { language: Language; words: Words; parts: Set<Part> } | undefined;

async function show(chosen: Language, wanted: Part[]): Promise<void> {
  const words = await Promise.all(wanted.map(async (part) => (await WORDS[chosen][part]()).default));
  const before = shown?.language === chosen ? shown : undefined;
  shown = { language: chosen, words: Object.assign({}, before?.words, ...words) as Words, parts: new Set([...(before?.parts ?? []), ...wanted]) };
  setTranslator(translatorOf(chosen, shown.words));
  document.documentElement.lang = chosen;
  document.documentElement.dir = directionOf(chosen);
}

/** Change the language. Screens change as soon as its words are there; the document says its language and direction. */
export async function setLanguage(chosen: Language): Promise<void> {
  await show(chosen, [...(shown?.parts ?? [])]);
  localStorage.setItem(STORED, chosen);
}

/** Fetch the words of the frame, before the first screen. */
export async function loadLanguage(): Promise<void> {
  await show(language(), ["first"]);
}

/** The module of a screen, once the words of all screens are there too. */
export async function withWords<M>(room: Promise<M>): Promise<M> {
  const [module] = await Promise.all([room, shown?.parts.has("rest") ? undefined : show(shown?.language ?? language(), ["rest"])]);
  return module;
}
