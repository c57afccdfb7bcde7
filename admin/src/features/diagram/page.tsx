import { SegmentedControl, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useAppSchema } from "../../api/app-schema";
import { schemaGraph } from "../../model/schema-graph";
import { LazyGraph } from "../../ui/graph/lazy";
import { Page } from "../../ui/page";

/** All entities and relations as a picture. A box leads to its definition. */
export function DiagramPage() {
  const { t } = useTranslation();
  const { app } = useParams({ strict: false }) as { app: string };
  const [detail, setDetail] = useState("fields");
  const schema = useAppSchema(app);
  return (
    <Page
      title={t("nav.diagram")}
      help={t("diagram.help")}
      actions={
        <SegmentedControl size="xs" aria-label={t("diagram.detail")} value={detail} onChange={setDetail} data={[{ value: "fields", label: t("diagram.fields") }, { value: "names", label: t("diagram.names") }]} />
      }
    >
      {schema.entities.length === 0 && <Text c="dimmed">{t("diagram.empty")}</Text>}
      <LazyGraph graph={schemaGraph(app, schema, detail === "fields")} label={t("nav.diagram")} maxHeight="calc(100dvh - 160px)" />
    </Page>
  );
}
