import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..");
const STYLES = join(SOURCES, "../node_modules/@mantine/core/styles");

/** Components without a file of their own, and those whose styles they are drawn with. */
const DRAWN_WITH: Record<string, string[]> = {
  FileButton: [],
  Select: ["Input", "Combobox", "Popover", "ScrollArea"],
  MultiSelect: ["Input", "Combobox", "Popover", "ScrollArea", "PillsInput", "Pill"],
  Autocomplete: ["Input", "Combobox", "Popover", "ScrollArea"],
  TagsInput: ["Input", "Combobox", "Popover", "PillsInput", "Pill"],
  TextInput: ["Input"],
  Textarea: ["Input"],
  Menu: ["Menu", "Popover"],
  Modal: ["Modal", "ModalBase", "Overlay", "CloseButton"],
  Checkbox: ["Checkbox", "InlineInput"],
  Radio: ["Radio", "InlineInput"],
  Switch: ["Switch", "InlineInput"],
};

function imported(): Set<string> {
  const names = new Set<string>();
  for (const entry of readdirSync(SOURCES, { recursive: true, withFileTypes: true })) {
    if (!/\.tsx?$/.test(entry.name)) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const found of text.matchAll(/import \{([^}]+)\} from "@mantine\/core"/g)) {
      for (const part of found[1]!.split(",")) names.add(part.trim().split(" as ")[0]!.trim());
    }
  }
  return names;
}

test("every Mantine component in use has its styles", () => {
  const styled = new Set([...readFileSync(join(SOURCES, "ui/mantine.css"), "utf8").matchAll(/styles\/(\w+)\.css/g)].map((found) => found[1]!));
  const names = [...imported()].filter((name) => /^[A-Z]/.test(name));
  expect(names.length).toBeGreaterThan(20);
  const wanted = names.flatMap((name) => DRAWN_WITH[name] ?? (existsSync(join(STYLES, `${name}.css`)) ? [name] : []));
  expect(wanted.filter((name) => !styled.has(name))).toEqual([]);
});
