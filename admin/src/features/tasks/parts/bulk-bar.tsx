import { Button, Group } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Instance } from "../../../model/tasks";
import type { Decision } from "../queries";
import { BulkDialog } from "./bulk-dialog";

interface Props {
  app: string;
  rows: Instance[];
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
  decisions?: Decision[];
  /** Further acts on the rows that are marked. */
  more?: (marked: Instance[]) => ReactNode;
}

/** One decision about several tasks, with the result of each. */
export function BulkBar({ app, rows, chosen, choose, decisions = ["approve", "reject"], more }: Props) {
  const { t } = useTranslation();
  const [asked, ask] = useState<Decision>();
  const marked = rows.filter((row) => chosen.has(row.id));
  const all = () => choose(marked.length === rows.length ? new Set() : new Set(rows.map((row) => row.id)));
  return (
    <Group gap="xs">
      <Button size="compact-sm" variant="subtle" onClick={all} disabled={rows.length === 0}>
        {t(rows.length > 0 && marked.length === rows.length ? "tasks.selectNone" : "tasks.selectAll")}
      </Button>
      {marked.length > 0 &&
        decisions.map((decision) => (
          <Button key={decision} size="compact-sm" variant="default" onClick={() => ask(decision)}>
            {t(`tasks.bulk.${decision}`, { count: marked.length })}
          </Button>
        ))}
      {marked.length > 0 && more?.(marked)}
      {asked && (
        <BulkDialog
          app={app}
          rows={marked}
          decision={asked}
          onClose={() => {
            ask(undefined);
            choose(new Set());
          }}
        />
      )}
    </Group>
  );
}
