import { Paper, Stack, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useState } from "react";
import type { TypedMention } from "../../../model/threads";
import { useTranslation } from "../../../words/translator";
import { type Reader, readersQuery } from "./queries";

interface ListProps {
  listId: string;
  readers: Reader[];
  chosen: number;
}

/** Who could be meant by the mention that is being typed, and how keys choose among them. */
export function useSuggestions(app: string, entity: string, id: string, mention: TypedMention | undefined) {
  const listId = useId();
  const [dismissed, setDismissed] = useState<number>();
  const [at, setAt] = useState(0);
  const isOpen = mention !== undefined && mention.from !== dismissed;
  const found = useQuery({ ...readersQuery(app, entity, id, mention?.typed ?? ""), enabled: isOpen });
  const readers = isOpen ? (found.data ?? []) : [];
  const chosen = Math.min(at, readers.length - 1);
  const take = (event: KeyboardEvent, choose: (reader: Reader) => void): boolean => {
    if (readers.length === 0) return false;
    const moves: Record<string, () => void> = {
      ArrowDown: () => setAt((chosen + 1) % readers.length),
      ArrowUp: () => setAt((chosen + readers.length - 1) % readers.length),
      Enter: () => choose(readers[chosen]!),
      Tab: () => choose(readers[chosen]!),
      Escape: () => setDismissed(mention?.from),
    };
    const move = event.ctrlKey || event.metaKey ? undefined : moves[event.key];
    if (!move) return false;
    event.preventDefault();
    event.stopPropagation();
    move();
    return true;
  };
  const isShown = readers.length > 0;
  const input = isShown ? { "aria-controls": listId, "aria-activedescendant": `${listId}-${chosen}`, "aria-autocomplete": "list" as const } : {};
  return { take, input, list: { listId, readers, chosen } };
}

export function Suggestions({ listId, readers, chosen, onChoose }: ListProps & { onChoose: (reader: Reader) => void }) {
  const { t } = useTranslation();
  if (readers.length === 0) return null;
  return (
    <Paper withBorder shadow="sm" p={4}>
      <Stack gap={0} role="listbox" id={listId} aria-label={t("comments.suggestions")}>
        {readers.map((reader, at) => (
          <UnstyledButton
            key={reader.id}
            id={`${listId}-${at}`}
            role="option"
            aria-selected={at === chosen}
            tabIndex={-1}
            px="xs"
            py={4}
            fz="sm"
            style={at === chosen ? { background: "var(--mantine-primary-color-light)" } : {}}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onChoose(reader)}
          >
            <b>@{reader.name}</b> {reader.email}
          </UnstyledButton>
        ))}
      </Stack>
    </Paper>
  );
}
