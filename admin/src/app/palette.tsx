import { Button, Kbd } from "@mantine/core";
import { Spotlight, spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/icons";
import type { Section } from "./navigation";

/** The command palette: every screen by its name (Ctrl+K). */
export function Palette({ sections }: { sections: Section[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const actions: SpotlightActionData[] = sections.flatMap((section) =>
    section.entries.map((entry) => ({
      id: entry.to,
      label: entry.word ? t(entry.label) : entry.label,
      description: t(section.label),
      leftSection: <Icon name={entry.icon} />,
      onClick: () => void navigate({ to: entry.to }),
    })),
  );
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        onClick={spotlight.open}
        leftSection={<Icon name="search" size={14} />}
        rightSection={<Kbd size="xs">Ctrl K</Kbd>}
        visibleFrom="xs"
      >
        {t("palette.open")}
      </Button>
      <Spotlight
        actions={actions}
        nothingFound={t("palette.nothing")}
        highlightQuery
        limit={12}
        shortcut="mod + K"
        searchProps={{ placeholder: t("palette.placeholder"), "aria-label": t("palette.placeholder") }}
      />
    </>
  );
}
