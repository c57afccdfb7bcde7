import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ACTION_TYPES, STEP_TYPES, TRIGGER_TYPES } from "../model/workflow";
import { FIRST, wordsOf } from "./parts";

const HERE = import.meta.dirname;
const words = (language: string) => JSON.parse(readFileSync(join(HERE, `${language}.json`), "utf8")) as Record<string, string>;
const PLURAL = /_(zero|one|two|few|many|other)$/;
const keys = (language: string) => new Set(Object.keys(words(language)).map((key) => key.replace(PLURAL, "")));
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort();

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => /\.tsx?$/.test(entry.name) && !entry.name.includes(".test."))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

describe.each(["de", "ar"])("%s", (language) => {
  test("has every word, with the same placeholders", () => {
    expect(keys(language)).toEqual(keys("en"));
    const english = words("en");
    for (const [key, text] of Object.entries(words(language))) {
      const original = english[key] ?? english[key.replace(PLURAL, "_other")]!;
      // A singular may do without its number.
      const wanted = placeholders(original).filter((name) => name !== "count");
      expect(placeholders(text).filter((name) => name !== "count"), key).toEqual(wanted);
    }
  });

  test("has every plural form of the language", () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const found = words(language);
    for (const key of Object.keys(words("en")).filter((each) => each.endsWith("_other"))) {
      for (const form of forms) expect(found[key.replace("_other", `_${form}`)], `${key} ${form}`).toBeDefined();
    }
  });
});

test("every word that a screen names exists", () => {
  const english = keys("en");
  const named = sources(join(HERE, "..")).flatMap((text) => [...text.matchAll(/\bt\("([\w.-]+)"/g)].map((found) => found[1]!));
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((key) => !english.has(key))).toEqual([]);
});

test("every key of a definition's form has its word", () => {
  const english = keys("en");
  const inputs = sources(join(HERE, "../features")).flatMap((text) => [...text.matchAll(/<(\w+Key|Rows)\s([^>]*)/g)].map((found) => found[2]!));
  const named = inputs.flatMap((attributes) => {
    const label = /\blabel="([\w.]+)"/.exec(attributes)?.[1];
    const name = /\bname="(\w+)"/.exec(attributes)?.[1];
    const add = /\badd="([\w.]+)"/.exec(attributes)?.[1];
    return [...(label ? [label] : name ? [`key.${name}`] : []), ...(add ? [add] : [])];
  });
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((key) => !english.has(key))).toEqual([]);
});

test("every type of step, action and trigger, and every problem of a workflow has its word", () => {
  const english = keys("en");
  const problems = [...readFileSync(join(HERE, "../model/workflow-check.ts"), "utf8").matchAll(/(?:wrong\((?:path|\[[^\]]*\])|missing"|word:),? "(\w+)"/g)].map((found) => `flow.problem.${found[1]!}`);
  expect(problems.length).toBeGreaterThan(10);
  const named = [
    ...STEP_TYPES.flatMap((type) => [`flow.step.${type}`, `flow.stepHelp.${type}`]),
    ...ACTION_TYPES.map((type) => `flow.action.${type}`),
    ...TRIGGER_TYPES.map((type) => `flow.trigger.${type}`),
    ...problems,
  ];
  expect(named.filter((key) => !english.has(key))).toEqual([]);
});

/** The texts of files and of all that they import, now or later; of the router only what it needs itself. */
function reached(files: string[]): string[] {
  const waiting = [...files];
  const texts = new Map<string, string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (texts.has(path)) continue;
    const text = readFileSync(path, "utf8");
    texts.set(path, text);
    const named = text.matchAll(path.endsWith("router.tsx") ? /from "(\.[^"]+)"/g : /(?:from |import\()"(\.[^"]+)"/g);
    const folder = dirname(path);
    waiting.push(...[...named].flatMap(([, name]) => [".ts", ".tsx"].map((end) => join(folder, name! + end))).filter((file) => existsSync(file)));
  }
  return [...texts.values()];
}

test("the first part holds the words of the frame and of lists, and no others", () => {
  const begins = new Set([...keys("en")].map((key) => key.split(".")[0]!));
  const texts = reached([join(HERE, "../main.tsx"), join(HERE, "../features/records/page.tsx")]);
  const named = texts.flatMap((text) => [...text.matchAll(/["`](\w+)\.(?:\w|\$\{)/g)].map((found) => found[1]!)).filter((begin) => begins.has(begin));
  expect([...new Set(named)].sort()).toEqual([...FIRST].sort());
  expect({ ...wordsOf("first", words("en")), ...wordsOf("rest", words("en")) }).toEqual(words("en"));
});

test("words are asked of our own translator", () => {
  const foreign = sources(join(HERE, "..")).filter((text) => /from "(react-)?i18next"/.test(text));
  expect(foreign, 'import { useTranslation } from "…/words/translator"').toEqual([]);
});
