import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { LinkButton } from "../../../ui/link-button";

const VIEWS = { list: "/$app/events", live: "/$app/events/live", stats: "/$app/events/stats" } as const;

/** The three views of events: as a list, as they come, and as figures. */
export function EventViews({ shown }: { shown: keyof typeof VIEWS }) {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  return Object.entries(VIEWS).map(([name, to]) => (
    <LinkButton key={name} size="xs" variant={name === shown ? "filled" : "default"} to={to} params={{ app }} aria-current={name === shown ? "page" : undefined}>
      {t(`events.${name}`)}
    </LinkButton>
  ));
}
