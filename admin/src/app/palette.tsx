import { useHotkeys } from "@mantine/hooks";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "../words/translator";
import { HeaderButton } from "./header-button";
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
      <HeaderButton icon="search" label={t("palette.open")} onClick={open} shortcut="Ctrl K" />
      {opened && (
        <Suspense>
          <CommandPalette sections={sections} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
