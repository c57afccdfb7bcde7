import "@mantine/spotlight/styles.css";
import { Spotlight, createSpotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../words/translator";
import { Icon } from "../ui/icons";
import type { Section } from "./navigation";

/** Every screen by its name. Open as long as it is mounted. */
export default function CommandPalette({ sections, onClose }: { sections: Section[]; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [[store]] = useState(() => {
    const made = createSpotlight();
    made[1].open();
    return made;
  });
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
    <Spotlight
      store={store}
      actions={actions}
      nothingFound={t("palette.nothing")}
      highlightQuery
      limit={12}
      shortcut={null}
      onSpotlightClose={onClose}
      searchProps={{ placeholder: t("palette.placeholder"), "aria-label": t("palette.placeholder") }}
    />
  );
}
