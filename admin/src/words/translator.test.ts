import { expect, test } from "vitest";
import { translatorOf } from "./translator";

test("a key becomes its words with the values put in", () => {
  const { t } = translatorOf("en", { "a.text": "{{who}} has {{count, number}} of {{all}}", "a.plain": "Plain" });
  expect([t("a.plain"), t("a.text", { who: "Ann", count: 12345, all: "90000" }), t("a.text", { count: 1 })]).toEqual(["Plain", "Ann has 12,345 of 90000", " has 1 of "]);
});

test("what looks like a placeholder or a pattern in a value stays as it is", () => {
  const { t } = translatorOf("en", { "a.text": "[{{name}}]" });
  expect([t("a.text", { name: "{{other}}" }), t("a.text", { name: "$& $1" })]).toEqual(["[{{other}}]", "[$& $1]"]);
});

test("a word that is missing is its default, or its key", () => {
  const { t } = translatorOf("en", {});
  expect([t("a.none"), t("a.none", { defaultValue: "" }), t("a.none", { defaultValue: "for {{who}}", who: "Ann" })]).toEqual(["a.none", "", "for Ann"]);
});

test("a number chooses the plural form of the language", () => {
  const english = translatorOf("en", { row_one: "{{count}} row", row_other: "{{count}} rows" });
  expect([0, 1, 2].map((count) => english.t("row", { count }))).toEqual(["0 rows", "1 row", "2 rows"]);
  const forms = ["zero", "one", "two", "few", "many", "other"];
  const arabic = translatorOf("ar", Object.fromEntries(forms.map((form) => [`row_${form}`, form])));
  expect([0, 1, 2, 3, 11, 100].map((count) => arabic.t("row", { count }))).toEqual(forms);
  expect([arabic.dir(), english.dir()]).toEqual(["rtl", "ltr"]);
});

test("numbers are written as the language writes them", () => {
  const { t } = translatorOf("de", { count_other: "{{count, number}} Zeilen" });
  expect(t("count", { count: 12345 })).toBe("12.345 Zeilen");
});
