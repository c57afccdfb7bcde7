import { Anchor, Code, List, Stack, Table, Text, Title, type TitleOrder } from "@mantine/core";
import { type Block, blocksOf, inlinesOf } from "../model/markdown";

interface Props {
  text: string;
  /** Follows a link within the same set of pages; others open in a new window. */
  onFollow?: (to: string) => void;
}

const SMALLEST = 6;

/** Markdown to read. What it holds of HTML is shown as text. */
export function Markdown({ text, onFollow }: Props) {
  return (
    <Stack gap="sm">
      {blocksOf(text).map((block, at) => (
        <OneBlock key={at} block={block} onFollow={onFollow} />
      ))}
    </Stack>
  );
}

function OneBlock({ block, onFollow }: { block: Block; onFollow: Props["onFollow"] }) {
  const line = (text: string) => <Line text={text} onFollow={onFollow} />;
  switch (block.type) {
    case "heading": {
      const order = Math.min(SMALLEST, block.level + 1) as TitleOrder;
      return (
        <Title order={order} size={`h${Math.min(SMALLEST, block.level + 3)}` as "h6"}>
          {line(block.text)}
        </Title>
      );
    }
    case "code":
      return <Code block>{block.text}</Code>;
    case "quote":
      return (
        <Text size="sm" component="blockquote" c="dimmed" m={0} ps="md">
          {line(block.text)}
        </Text>
      );
    case "list":
      return (
        <List size="sm" type={block.ordered ? "ordered" : "unordered"} pe="md">
          {block.items.map((item, at) => (
            <List.Item key={at}>{line(item)}</List.Item>
          ))}
        </List>
      );
    case "table":
      return (
        <Table.ScrollContainer minWidth={320}>
          <Table fz="sm" withTableBorder>
            <Table.Thead>
              <Table.Tr>
                {block.head.map((cell, at) => (
                  <Table.Th key={at}>{line(cell)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {block.rows.map((row, at) => (
                <Table.Tr key={at}>
                  {row.map((cell, column) => (
                    <Table.Td key={column}>{line(cell)}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      );
    default:
      return <Text size="sm">{line(block.text)}</Text>;
  }
}

function Line({ text, onFollow }: { text: string; onFollow: Props["onFollow"] }) {
  return inlinesOf(text).map((part, at) => {
    if (part.type === "code") return <Code key={at}>{part.text}</Code>;
    if (part.type === "bold") return <strong key={at}>{part.text}</strong>;
    if (part.type === "italic") return <em key={at}>{part.text}</em>;
    if (part.type !== "link") return part.text;
    const isOutside = /^https?:/.test(part.to);
    if (isOutside) return <Anchor key={at} href={part.to} target="_blank" rel="noreferrer">{part.text}</Anchor>;
    return onFollow ? (
      <Anchor key={at} component="button" type="button" fz="inherit" onClick={() => onFollow(part.to)}>
        {part.text}
      </Anchor>
    ) : (
      part.text
    );
  });
}
