import { Group, Select, SegmentedControl, Input } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { Entity } from "../../../model/schema";
import type { ImportSettings } from "../saved-mappings";
import type { ImportPlan } from "../use-import-settings";

/** What becomes of rows that are there already, of empty cells, and how numbers and days are written. */
export function SettingsForm({ entity, plan }: { entity: Entity; plan: ImportPlan }) {
  const { t } = useTranslation();
  const { settings, change, keys } = plan;
  const mayUpdate = entity.actions.includes("update");
  return (
    <Group align="flex-end" gap="md">
      <Select
        size="xs"
        w={220}
        label={t("import.key")}
        description={t("import.keyHelp")}
        placeholder={t("import.noKey")}
        clearable
        disabled={!mayUpdate || keys.length === 0}
        data={keys}
        value={settings.key}
        onChange={(key) => change({ key })}
      />
      <Input.Wrapper label={t("import.empty")} size="xs">
        <div>
          <SegmentedControl
            size="xs"
            aria-label={t("import.empty")}
            value={settings.empty}
            onChange={(empty) => change({ empty: empty as ImportSettings["empty"] })}
            data={[
              { value: "skip", label: t("import.emptySkip") },
              { value: "null", label: t("import.emptyNull") },
            ]}
          />
        </div>
      </Input.Wrapper>
      <Select size="xs" w={130} label={t("import.decimal")} data={[{ value: ".", label: "1,234.50" }, { value: ",", label: "1.234,50" }]} value={settings.decimal} onChange={(value) => value && change({ decimal: value as ImportSettings["decimal"] })} allowDeselect={false} />
      <Select
        size="xs"
        w={150}
        label={t("import.dates")}
        data={[
          { value: "iso", label: "2026-12-31" },
          { value: "dmy", label: "31.12.2026" },
          { value: "mdy", label: "12/31/2026" },
        ]}
        value={settings.dates}
        onChange={(value) => value && change({ dates: value as ImportSettings["dates"] })}
        allowDeselect={false}
      />
    </Group>
  );
}
