import { useParams } from "@tanstack/react-router";
import { useTranslation } from "../../words/translator";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";

interface Stored {
  id: string;
  filename: string;
  mime_type: string;
  size: number;
  created_at: string;
}

/** Every uploaded file. One that records hold can't be deleted. */
export function FilesPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/files" });
  return (
    <Page title={t("nav.files")}>
      <Listing<Stored>
        app={app}
        path="/_files"
        label={t("nav.files")}
        empty={t("files.none")}
        paged={false}
        rowKey={(row) => row.id}
        columns={[
          { label: "files.name", cell: (row) => row.filename },
          { label: "files.type", cell: (row) => row.mime_type },
          { label: "files.size", cell: (row) => `${Math.ceil(row.size / 1024)} kB` },
          { label: "audit.at", cell: (row) => timestampCell(row.created_at) },
          {
            label: "deadLetters.act",
            cell: (row) => <Act app={app} method="DELETE" path={`/_files/${row.id}`} label={t("action.delete")} done={t("files.deleted")} color="red" />,
          },
        ]}
      />
    </Page>
  );
}
