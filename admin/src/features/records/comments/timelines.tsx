import { Tabs } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useAt } from "../../../api/moment";
import type { Entity, Row } from "../../../model/schema";
import { useTranslation } from "../../../words/translator";
import { History } from "../parts/history";

const Activity = lazy(() => import("./activity"));

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  etag: string | null;
}

/** The past of a record: its versions, or all that has happened to it. Of another moment there are versions only. */
export default function Timelines(props: Props) {
  const { t } = useTranslation();
  const { app, entity, id } = props;
  const at = useAt();
  if (at !== undefined) return <History {...props} />;
  return (
    <Tabs defaultValue="history" keepMounted={false}>
      <Tabs.List mb="sm">
        <Tabs.Tab value="history">{t("history.title")}</Tabs.Tab>
        <Tabs.Tab value="activity">{t("activity.title")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="history">
        <History {...props} />
      </Tabs.Panel>
      <Tabs.Panel value="activity">
        <Suspense fallback={null}>
          <section aria-label={t("activity.title")}>
            <Activity app={app} entity={entity.name} id={id} />
          </section>
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}
