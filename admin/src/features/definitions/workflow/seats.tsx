import { Group, Select } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useRoles } from "../../../api/roles";
import { SuggestedKey, SwitchKey, TextKey } from "../parts/keys";
import { useScope } from "../parts/scope";
import { PathKey, StepExpressionKey, UserKey } from "./text-keys";

export const WHO = ["role", "user", "path", "expression"] as const;

/** Whom a seat means: exactly one of a role, a user, a path, an expression. */
export function WhoKeys() {
  const { t } = useTranslation();
  const { app, document, onChange } = useScope();
  const roles = useRoles(app);
  const who = WHO.find((key) => document[key] !== undefined) ?? "role";
  const choose = (picked: string | null) => {
    const rest = Object.fromEntries(Object.entries(document).filter(([key]) => !WHO.includes(key as never)));
    if (picked) onChange({ [picked]: "", ...rest });
  };
  return (
    <>
      <Select size="xs" w={120} label={t("flow.who")} allowDeselect={false} data={WHO.map((each) => ({ value: each, label: t(`flow.who.${each}`) }))} value={who} onChange={choose} />
      {who === "role" && <SuggestedKey name="role" label="flow.who.role" values={roles} required w={170} />}
      {who === "user" && <UserKey name="user" label="flow.who.user" required w={210} />}
      {who === "path" && <PathKey name="path" label="flow.who.path" required w={210} />}
      {who === "expression" && (
        <div style={{ flex: "1 1 220px" }}>
          <StepExpressionKey name="expression" label="flow.who.expression" required />
        </div>
      )}
    </>
  );
}

/** A seat of an approval. */
export function SeatKeys() {
  return (
    <Group gap="xs" align="flex-end">
      <WhoKeys />
      <TextKey name="label" label="flow.seatLabel" w={130} />
      <SwitchKey name="each" label="flow.each" otherwise={false} />
      <SwitchKey name="veto" label="flow.veto" otherwise={false} />
    </Group>
  );
}
