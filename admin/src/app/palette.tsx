import { Button, Kbd } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../ui/icons";
import type { Section } from "./navigation";

const CommandPalette = lazy(() => import("./command-palette"));

/** The button and shortcut (Ctrl+K) of the command palette, which is loaded when it is first opened. */
export function Palette({ sections }: { sections: Section[] }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const open = () => setOpened(true);
  useHotkeys([["mod+K", open]], []);
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        onClick={open}
        leftSection={<Icon name="search" size={14} />}
        rightSection={<Kbd size="xs">Ctrl K</Kbd>}
        visibleFrom="xs"
      >
        {t("palette.open")}
      </Button>
      {opened && (
        <Suspense>
          <CommandPalette sections={sections} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
