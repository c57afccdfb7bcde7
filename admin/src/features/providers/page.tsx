import { Button, Menu } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { fromPreset, PRESETS, type Provider } from "../../model/providers";
import { Act } from "../../ui/act";
import { Icon } from "../../ui/icons";
import { Listing } from "../../ui/listing";
import { Page } from "../../ui/page";
import { useTranslation } from "../../words/translator";
import { ProviderEditor } from "./parts/editor";
import { ConnectionTest } from "./parts/connection-test";

/** Where people log in besides: their organization's providers. */
export function ProvidersPage() {
  const { t } = useTranslation();
  const { app } = useParams({ from: "/$app/people/providers" });
  const [editing, setEditing] = useState<{ provider: Provider; example?: string | undefined }>();
  const [testing, setTesting] = useState<Provider>();
  return (
    <Page title={t("nav.providers")} help={t("providers.help")} actions={<NewProvider onChoose={(name) => setEditing({ provider: fromPreset(PRESETS[name]!), example: PRESETS[name]!.example })} />}>
      <Listing<Provider>
        app={app}
        path="/_admin/auth-providers"
        label={t("nav.providers")}
        empty={t("providers.none")}
        paged={false}
        rowKey={(row) => row.id ?? row.name}
        columns={[
          { label: "providers.label", cell: (row) => row.label ?? row.name },
          { label: "providers.type", cell: (row) => t(`providers.type.${row.type}`) },
          { label: "providers.active", cell: (row) => t(row.active ? "value.yes" : "value.no") },
          {
            label: "deadLetters.act",
            cell: (row) => (
              <>
                <Button size="compact-sm" variant="default" onClick={() => setEditing({ provider: row })}>
                  {t("action.edit")}
                </Button>{" "}
                <Button size="compact-sm" variant="default" onClick={() => setTesting(row)}>
                  {t("providers.test")}
                </Button>{" "}
                <Act app={app} method="DELETE" path={`/_admin/auth-providers/${row.id}`} label={t("action.delete")} done={t("providers.deleted")} color="red" />
              </>
            ),
          },
        ]}
      />
      {editing && <ProviderEditor app={app} first={editing.provider} example={editing.example} onClose={() => setEditing(undefined)} />}
      {testing && <ConnectionTest app={app} provider={testing} onClose={() => setTesting(undefined)} />}
    </Page>
  );
}

function NewProvider({ onChoose }: { onChoose: (preset: string) => void }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" leftSection={<Icon name="plus" size={14} />}>
          {t("providers.new")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.keys(PRESETS).map((name) => (
          <Menu.Item key={name} onClick={() => onChoose(name)}>
            {t(`providers.preset.${name}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
