import { Button, Menu } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { download } from "../../../api/client";
import { Icon } from "../../../ui/icons";
import { useTranslation } from "../../../words/translator";

const FORMATS = ["csv", "xlsx", "json", "ndjson"] as const;

/** Downloads the rows that the filters show, all of them. */
export function ExportButton({ app }: { app: string }) {
  const { t } = useTranslation();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const run = useMutation({
    mutationFn: async (format: string) => {
      const chosen = Object.entries(search).filter(([name, value]) => value && name !== "page" && name !== "at");
      const query = new URLSearchParams([...chosen.map(([name, value]): [string, string] => [name, String(value)]), ["format", format]]);
      const url = URL.createObjectURL(await download(app, "/_admin/audit-logs/_export", query));
      Object.assign(document.createElement("a"), { href: url, download: `audit-logs.${format}` }).click();
      URL.revokeObjectURL(url);
    },
  });
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button size="xs" variant="default" loading={run.isPending} leftSection={<Icon name="download" size={14} />}>
          {t("records.export")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map((format) => (
          <Menu.Item key={format} onClick={() => run.mutate(format)}>
            {format.toUpperCase()}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
