import { useTranslation } from "../../words/translator";
import { PLATFORM } from "../../api/session";
import { timestampCell } from "../../fields/moments";
import { Act } from "../../ui/act";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import type { Generation } from "./queries";

/** The keys that sign the platform's access tokens. The keys themselves are never shown. */
export function SigningKeysPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("platform.keys")} help={t("platform.keysHelp")} actions={<Act app={PLATFORM} path="/signing-keys/rotate" body={{}} label={t("platform.rotate")} done={t("platform.rotated")} />}>
      <Listing<Generation>
        app={PLATFORM}
        path="/signing-keys"
        label={t("platform.keys")}
        empty=""
        paged={false}
        rowKey={(row) => String(row.generation)}
        columns={[
          { label: "platform.generation", cell: (row) => row.generation },
          { label: "platform.kid", cell: (row) => row.kid },
          { label: "platform.created", cell: (row) => (row.created_at ? timestampCell(row.created_at) : "–") },
          { label: "platform.goodUntil", cell: (row) => (row.good_until ? timestampCell(row.good_until) : t("platform.signs")) },
        ]}
      />
    </Page>
  );
}
