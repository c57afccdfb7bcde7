import { Alert, Button, Group, Paper, SegmentedControl, Stack, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import type { Comment } from "../../../model/threads";
import { mentionAt, withMention } from "../../../model/threads";
import { hintOf, messageOf } from "../../../ui/errors";
import { Markdown } from "../../../ui/markdown";
import { useTranslation } from "../../../words/translator";
import { type Reader, useSay } from "./queries";
import { Suggestions, useSuggestions } from "./suggestions";

const MAX_CHARACTERS = 10_000;

interface Props {
  app: string;
  entity: string;
  id: string;
  label: string;
  parent?: string | undefined;
  changed?: Comment | undefined;
  onDone?: (() => void) | undefined;
}

/** Where a comment is written: Markdown with a preview, and people suggested behind an @. What was typed stays when it is refused. */
export function Composer({ app, entity, id, label, parent, changed, onDone }: Props) {
  const { t } = useTranslation();
  const input = useRef<HTMLTextAreaElement>(null);
  const [body, setBody] = useState(changed?.body ?? "");
  const [caret, setCaret] = useState(body.length);
  const [isPreview, setPreview] = useState(false);
  const say = useSay(app, entity, id);
  const mention = mentionAt(body, caret);
  const suggestions = useSuggestions(app, entity, id, mention);
  const choose = (reader: Reader) => {
    if (!mention) return;
    const next = withMention(body, mention, reader.email);
    setBody(next.text);
    setCaret(next.caret);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const submit = async () => {
    await say.mutateAsync({ body, parent, changed });
    setBody("");
    setCaret(0);
    setPreview(false);
    onDone?.();
  };
  const send = () => void (body.trim() && submit().catch(() => undefined));
  return (
    <Stack gap="xs">
      {say.error && (
        <Alert color="red" role="alert" title={messageOf(say.error)}>
          {hintOf(say.error)}
        </Alert>
      )}
      {isPreview ? (
        <Paper withBorder p="sm" mih={80} aria-label={t("comments.preview")} role="region">
          <Markdown text={body} />
        </Paper>
      ) : (
        <Textarea
          ref={input}
          aria-label={label}
          placeholder={t("comments.placeholder")}
          autosize
          minRows={3}
          maxRows={14}
          maxLength={MAX_CHARACTERS}
          value={body}
          onChange={(event) => {
            setBody(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={(event) => {
            if (suggestions.take(event, choose)) return;
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
          }}
          {...suggestions.input}
        />
      )}
      <Suggestions {...suggestions.list} onChoose={choose} />
      <Group justify="space-between" gap="xs">
        <SegmentedControl size="xs" value={isPreview ? "preview" : "write"} onChange={(value) => setPreview(value === "preview")} data={["write", "preview"].map((value) => ({ value, label: t(`comments.${value}`) }))} />
        <Group gap="xs">
          {onDone && (
            <Button size="xs" variant="default" onClick={onDone}>
              {t("action.cancel")}
            </Button>
          )}
          <Button size="xs" loading={say.isPending} disabled={!body.trim()} onClick={send}>
            {t(changed ? "action.save" : parent ? "comments.reply" : "comments.send")}
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}
