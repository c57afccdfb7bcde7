import { Button, FileButton, Group, Input, Progress, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../words/translator";
import { download } from "../api/client";
import { upload } from "../api/upload";
import { messageOf } from "../ui/errors";
import { Icon } from "../ui/icons";
import type { InputProps } from "./input";

interface Stored {
  id: string;
  filename: string;
  size: number;
  mime_type: string;
}

/** A file: uploaded when it is chosen, held by the record when the form is saved. */
export function FileInput({ app, value, onChange, label, error, field, disabled }: InputProps) {
  const { t } = useTranslation();
  const file = value as Stored | null | undefined;
  const [sent, setSent] = useState(0);
  const sending = useMutation({
    mutationFn: (chosen: File) => {
      const form = new FormData();
      form.append("file", chosen);
      setSent(0);
      return upload<Stored>(app, "/_files/upload", form, { onProgress: setSent });
    },
    onSuccess: ({ data: { id, filename, size, mime_type } }) => onChange({ id, filename, size, mime_type }),
    meta: { shown: true },
  });
  const save = async (stored: Stored) => {
    const url = URL.createObjectURL(await download(app, `/_files/${stored.id}`));
    Object.assign(document.createElement("a"), { href: url, download: stored.filename }).click();
    URL.revokeObjectURL(url);
  };
  return (
    <Input.Wrapper label={label} required={field.required} error={sending.error ? messageOf(sending.error) : error}>
      <Group gap="xs">
        {file && (
          <Button variant="subtle" size="compact-sm" leftSection={<Icon name="download" size={14} />} onClick={() => void save(file)}>
            {file.filename} · {Math.ceil(file.size / 1024)} kB
          </Button>
        )}
        {!file && <Text className="rk-null">{t("value.none")}</Text>}
        <FileButton onChange={(chosen) => chosen && sending.mutate(chosen)} disabled={disabled ?? false}>
          {(props) => (
            <Button {...props} variant="default" size="compact-sm" loading={sending.isPending}>
              {t("action.upload")}
            </Button>
          )}
        </FileButton>
        {file && !field.required && (
          <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange(null)} disabled={disabled ?? false}>
            {t("action.clear")}
          </Button>
        )}
      </Group>
      {sending.isPending && <Progress mt={4} size="sm" value={sent * 100} aria-label={t("field.sending", { field: label })} />}
    </Input.Wrapper>
  );
}
