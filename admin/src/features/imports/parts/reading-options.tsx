import { Group, Select, Switch, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { Preview } from "../queries";

interface Props {
  preview: Preview | undefined;
  reading: Record<string, string>;
  onChange: (reading: Record<string, string>) => void;
}

const ENCODINGS = ["utf-8", "utf-16", "windows-1252", "iso-8859-1", "windows-1251", "windows-1256", "shift_jis"];
const DELIMITERS = [",", ";", "tab", "|"];

/** How the file is read: found out by the server, and changed where it is mistaken. */
export function ReadingOptions({ preview, reading, onChange }: Props) {
  const { t } = useTranslation();
  const put = (name: string, value: string | null) => {
    const { [name]: _former, ...rest } = reading;
    onChange(value ? { ...rest, [name]: value } : rest);
  };
  const format = preview?.format;
  const isText = format === "csv" || format === "tsv";
  if (!format || !(isText || format === "xlsx" || format === "ndjson")) return null;
  const encodings = preview.encoding && !ENCODINGS.includes(preview.encoding) ? [preview.encoding, ...ENCODINGS] : ENCODINGS;
  const delimiter = preview.delimiter === "\t" ? "tab" : preview.delimiter;
  return (
    <Group align="flex-end" gap="sm">
      {format !== "xlsx" && <Select size="xs" w={170} label={t("import.encoding")} data={encodings} value={reading["encoding"] ?? preview.encoding ?? null} onChange={(value) => put("encoding", value)} allowDeselect={false} />}
      {isText && (
        <Select
          size="xs"
          w={130}
          label={t("import.delimiter")}
          data={DELIMITERS.map((value) => ({ value, label: value === "tab" ? t("import.tab") : value }))}
          value={reading["delimiter"] ?? delimiter ?? null}
          onChange={(value) => put("delimiter", value)}
          allowDeselect={false}
        />
      )}
      {format === "xlsx" &&
        (preview.sheets ? (
          <Select size="xs" w={200} label={t("import.sheet")} data={preview.sheets} value={reading["sheet"] ?? preview.sheets[0] ?? null} onChange={(value) => put("sheet", value)} allowDeselect={false} />
        ) : (
          <TextInput size="xs" w={200} label={t("import.sheet")} placeholder={t("import.firstSheet")} defaultValue={reading["sheet"] ?? ""} onBlur={(event) => put("sheet", event.currentTarget.value)} />
        ))}
      {(isText || format === "xlsx") && <Switch label={t("import.header")} checked={reading["header"] !== "false"} onChange={(event) => put("header", event.currentTarget.checked ? null : "false")} />}
    </Group>
  );
}
