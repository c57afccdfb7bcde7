import { useHotkeys } from "@mantine/hooks";
import { useLocation } from "@tanstack/react-router";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "../words/translator";
import { HeaderButton } from "./header-button";
import { topicOf } from "./help-topics";

const HelpPanel = lazy(() => import("./help-panel"));

/** The button and key (?) of the help: shortcuts, and the page of the reference that belongs to the screen. */
export function Help({ app }: { app: string }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const [opened, setOpened] = useState(false);
  useHotkeys([["shift+?", () => setOpened(true)]]);
  return (
    <>
      <HeaderButton icon="help" label={t("help.open")} onClick={() => setOpened(true)} />
      {opened && (
        <Suspense>
          <HelpPanel topic={topicOf(pathname.slice(app.length + 1))} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
