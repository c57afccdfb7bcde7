import { Alert, Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useIsAdmin } from "../../../api/app-schema";
import { useRoles } from "../../../api/roles";
import type { ListState } from "../../../model/filter";
import { savedPart, type SavedView } from "../../../model/views";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { useChangeView } from "../views";

interface Props {
  app: string;
  entity: string;
  state: ListState;
  /** The view that is renamed or shared; a new one without. */
  view: SavedView | undefined;
  onClose: () => void;
  onSaved: (view: SavedView) => void;
}

/** The name of a view, and who sees it. Only admins share views. */
export function ViewDialog({ app, entity, state, view, onClose, onSaved }: Props) {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin(app);
  const [name, setName] = useState(view?.name ?? "");
  const [scope, setScope] = useState(view?.scope ?? "me");
  const change = useChangeView(app, entity);
  const submit = async () => {
    const saved = await change.mutateAsync(view ? { act: "change", id: view.id, part: { name, scope } } : { act: "create", view: { name, scope, state: savedPart(state) } });
    showDone(t("views.saved"));
    if (saved) onSaved(saved);
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={t(view ? "views.rename" : "views.new")} centered closeButtonProps={{ "aria-label": t("action.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit().catch(() => undefined);
        }}
      >
        <Stack>
          {change.error && (
            <Alert color="red" role="alert" title={messageOf(change.error)} style={{ whiteSpace: "pre-line" }}>
              {hintOf(change.error)}
            </Alert>
          )}
          <TextInput label={t("views.name")} required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          {isAdmin && <ScopeSelect app={app} scope={scope} onChange={setScope} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" loading={change.isPending} disabled={name.trim() === ""}>
              {t("action.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function ScopeSelect({ app, scope, onChange }: { app: string; scope: string; onChange: (scope: string) => void }) {
  const { t } = useTranslation();
  const roles = useRoles(app).map((role) => `role:${role}`);
  const known = scope.startsWith("role:") && !roles.includes(scope) ? [...roles, scope] : roles;
  const data = [
    { value: "me", label: t("views.onlyMe") },
    { value: "all", label: t("views.everybody") },
    ...known.map((value) => ({ value, label: t("views.role", { role: value.slice("role:".length) }) })),
  ];
  return <Select label={t("views.scope")} data={data} value={scope} onChange={(value) => onChange(value ?? "me")} allowDeselect={false} />;
}
