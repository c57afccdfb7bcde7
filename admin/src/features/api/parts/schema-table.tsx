import { Accordion, Table } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { type OpenApi, type Schema, resolve, typeOf } from "../../../model/openapi";

const MAX_DEPTH = 4;

interface Line {
  path: string;
  type: string;
  required: boolean;
  schema: Schema;
}

/** The keys of a schema, those within them too. */
export function SchemaTable({ document, title, schema }: { document: OpenApi; title: string; schema: Schema }) {
  const { t } = useTranslation();
  const lines = linesOf(document, schema, "", 0);
  if (lines.length === 0) return null;
  return (
    <Accordion variant="contained" chevronPosition="left">
      <Accordion.Item value="schema">
        <Accordion.Control>{title}</Accordion.Control>
        <Accordion.Panel>
          <Table>
            <Table.Tbody>
              {lines.map((line) => (
                <Table.Tr key={line.path}>
                  <Table.Th scope="row" className="rk-mono rk-break">
                    {line.path}
                    {line.required && <span aria-label={t("entity.required")}> *</span>}
                  </Table.Th>
                  <Table.Td className="rk-mono">{line.type}</Table.Td>
                  <Table.Td>{[line.schema.description, (line.schema.enum ?? []).map(String).join(", ")].filter(Boolean).join(" · ")}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function linesOf(document: OpenApi, given: Schema, path: string, depth: number): Line[] {
  const schema = resolve(document, given);
  if (depth > MAX_DEPTH) return [];
  if (schema.items) return linesOf(document, schema.items, `${path}[]`, depth + 1);
  return Object.entries(schema.properties ?? {}).flatMap(([name, raw]) => {
    const member = resolve(document, raw);
    const at = path ? `${path}.${name}` : name;
    const format = member.format ? ` (${member.format})` : "";
    const line: Line = { path: at, type: typeOf(member) + format, required: schema.required?.includes(name) ?? false, schema: member };
    return [line, ...linesOf(document, member, at, depth + 1)];
  });
}
