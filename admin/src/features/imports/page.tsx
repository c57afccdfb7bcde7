import { Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../words/translator";
import { useEntity } from "../../api/app-schema";
import { LinkButton } from "../../ui/link-button";
import { Icon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { DropZone } from "./parts/drop-zone";
import { JobList } from "./parts/job-list";
import { Wizard } from "./parts/wizard";

/** Imports of an entity: a new one from a file, and the earlier ones. */
export function ImportsPage() {
  const { app, entity: name } = useParams({ from: "/$app/imports/$entity" });
  return <Imports key={`${app}/${name}`} app={app} name={name} />;
}

function Imports({ app, name }: { app: string; name: string }) {
  const { t } = useTranslation();
  const entity = useEntity(app, name);
  const [file, setFile] = useState<File>();
  const [number, setNumber] = useState(0);
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    setNumber(number + 1);
  };
  return (
    <Page
      title={t("import.title", { entity: name })}
      help={t("import.help")}
      actions={
        <LinkButton to="/$app/records/$entity" params={{ app, entity: name }} variant="subtle" size="xs" leftSection={<Icon name="back" size={14} />}>
          {t("record.back", { entity: name })}
        </LinkButton>
      }
    >
      {file ? <Wizard key={number} app={app} entity={entity} file={file} onOther={() => choose(undefined)} /> : <DropZone onFile={choose} />}
      {!file && (
        <>
          <Title order={2} size="h5">
            {t("import.earlier")}
          </Title>
          <JobList app={app} entity={name} />
        </>
      )}
    </Page>
  );
}
