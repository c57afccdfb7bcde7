/** Markdown as blocks: headings, paragraphs, code, lists, tables, quotes. HTML is text like any other. Pure. */

export type Block =
  | { type: "heading"; level: number; text: string }
  | { type: "paragraph" | "quote"; text: string }
  | { type: "code"; text: string }
  | { type: "list"; ordered: boolean; items: string[] }
  | { type: "table"; head: string[]; rows: string[][] };

export type Inline =
  | { type: "text" | "code" | "bold" | "italic"; text: string }
  | { type: "link"; text: string; to: string };

const ITEM = /^\s*(?:[-*]|(\d+)\.)\s+/;
const OTHER = /^(?:#{1,6} |```|\s*(?:[-*]|\d+\.)\s|\||>|<!--)/;

/** The blocks of a text. */
export function blocksOf(text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let at = 0;
  const take = (holds: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && holds(lines[at]!)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (line.trim() === "" || line.startsWith("<!--")) at += 1;
    else if (heading) {
      blocks.push({ type: "heading", level: heading[1]!.length, text: heading[2]! });
      at += 1;
    } else if (line.startsWith("```")) {
      at += 1;
      blocks.push({ type: "code", text: take((each) => !each.startsWith("```")).join("\n") });
      at += 1;
    } else if (line.startsWith("    ")) blocks.push({ type: "code", text: take((each) => each.startsWith("    ")).map((each) => each.slice(4)).join("\n") });
    else if (line.startsWith("|")) blocks.push(tableOf(take((each) => each.startsWith("|"))));
    else if (line.startsWith(">")) blocks.push({ type: "quote", text: take((each) => each.startsWith(">")).map((each) => each.slice(1).trim()).join(" ") });
    else if (ITEM.test(line)) blocks.push(listOf(take((each) => ITEM.test(each) || /^\s+\S/.test(each))));
    else {
      const [first] = lines.slice(at++, at);
      blocks.push({ type: "paragraph", text: [first!, ...take((each) => each.trim() !== "" && !OTHER.test(each))].join(" ") });
    }
  }
  return blocks;
}

function listOf(lines: string[]): Block {
  const items: string[] = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return { type: "list", ordered: ITEM.exec(lines[0]!)![1] !== undefined, items };
}

function tableOf(lines: string[]): Block {
  const cells = (line: string) => line.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
  const [head, , ...rows] = lines.map(cells);
  return { type: "table", head: head ?? [], rows };
}

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|\*([^*\s][^*]*)\*|!?\[([^\]]*)\]\(([^)\s]+)\)/g;

/** What a line of text consists of. */
export function inlinesOf(text: string): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) found.push({ type: "text", text: text.slice(from, match.index) });
    const [whole, , code, bold, italic, label, to] = match;
    if (code !== undefined) found.push({ type: "code", text: code });
    else if (bold !== undefined) found.push({ type: "bold", text: bold });
    else if (italic !== undefined) found.push({ type: "italic", text: italic });
    else found.push({ type: "link", text: label!, to: to! });
    from = match.index + whole.length;
  }
  if (from < text.length) found.push({ type: "text", text: text.slice(from) });
  return found;
}
