import { Alert, Button, Radio, Table } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Conflict } from "../../../model/changes";
import type { Row } from "../../../model/schema";

interface Props {
  conflicts: Conflict[];
  onResolve: (chosen: Row) => void;
}

/** Fields that somebody else changed meanwhile: which value shall stand? */
export function ConflictTable({ conflicts, onResolve }: Props) {
  const { t } = useTranslation();
  const [mine, setMine] = useState<ReadonlySet<string>>(new Set(conflicts.map((conflict) => conflict.field)));
  const choose = (field: string, isMine: boolean) => {
    const next = new Set(mine);
    if (isMine) next.add(field);
    else next.delete(field);
    setMine(next);
  };
  const resolve = () =>
    onResolve(Object.fromEntries(conflicts.filter(({ field }) => mine.has(field)).map((conflict) => [conflict.field, conflict.mine])));
  return (
    <Alert color="orange" role="alert" title={t("conflict.title")}>
      <Table withRowBorders={false}>
        <Table.Thead>
          <Table.Tr>
            {["field", "before", "mine", "theirs"].map((column) => (
              <Table.Th key={column}>{t(`conflict.${column}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {conflicts.map(({ field, base, mine: own, theirs }) => (
            <Table.Tr key={field}>
              <Table.Th>{field}</Table.Th>
              <Table.Td>{show(base)}</Table.Td>
              <Table.Td>
                <Radio checked={mine.has(field)} onChange={() => choose(field, true)} label={show(own)} name={`conflict-${field}`} />
              </Table.Td>
              <Table.Td>
                <Radio checked={!mine.has(field)} onChange={() => choose(field, false)} label={show(theirs)} name={`conflict-${field}`} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Button size="xs" onClick={resolve}>
        {t("conflict.save")}
      </Button>
    </Alert>
  );
}

function show(value: unknown): string {
  return value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
