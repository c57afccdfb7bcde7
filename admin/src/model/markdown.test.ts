import { expect, test } from "vitest";
import { blocksOf, inlinesOf } from "./markdown";

const text = `# Rules

What a record
must be like.

| key | is |
|---|---|
| \`a \\| b\` | x |

- one
  goes on
- two

\`\`\`json
{"a": 1}
\`\`\`
> A note.
<!-- hidden -->
Last.`;

test("a page is headings, paragraphs, tables, lists, code and quotes", () => {
  expect(blocksOf(text)).toEqual([
    { type: "heading", level: 1, text: "Rules" },
    { type: "paragraph", text: "What a record must be like." },
    { type: "table", head: ["key", "is"], rows: [["`a | b`", "x"]] },
    { type: "list", ordered: false, items: ["one goes on", "two"] },
    { type: "code", text: '{"a": 1}' },
    { type: "quote", text: "A note." },
    { type: "paragraph", text: "Last." },
  ]);
});

test("text that nothing else begins with is never skipped or repeated", () => {
  expect(blocksOf("*no list\n\n#no heading")).toEqual([
    { type: "paragraph", text: "*no list" },
    { type: "paragraph", text: "#no heading" },
  ]);
});

test("a line is text, code, emphasis and links; HTML stays text", () => {
  expect(inlinesOf("See `a*b*` in **bold** [here](x.md) <b>")).toEqual([
    { type: "text", text: "See " },
    { type: "code", text: "a*b*" },
    { type: "text", text: " in " },
    { type: "bold", text: "bold" },
    { type: "text", text: " " },
    { type: "link", text: "here", to: "x.md" },
    { type: "text", text: " <b>" },
  ]);
});
