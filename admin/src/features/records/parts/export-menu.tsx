import { Button, Menu } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "../../../words/translator";
import { download } from "../../../api/client";
import { type ListState, toQuery } from "../../../model/filter";
import type { Entity } from "../../../model/schema";
import { Icon } from "../../../ui/icons";

const FORMATS = ["csv", "xlsx", "json", "ndjson"] as const;

/** Downloads the list as it is filtered and sorted, with the columns that are shown. */
export function ExportMenu({ app, entity, state }: { app: string; entity: Entity; state: ListState }) {
  const { t } = useTranslation();
  const run = useMutation({
    mutationFn: async (format: string) => {
      const query = toQuery(state);
      query.set("format", format);
      if (state.columns) query.set("fields", state.columns.join(","));
      const url = URL.createObjectURL(await download(app, `/${entity.name}/_export`, query));
      Object.assign(document.createElement("a"), { href: url, download: `${entity.name}.${format}` }).click();
      URL.revokeObjectURL(url);
    },
  });
  return (
    <Menu position="bottom-start" shadow="md">
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
