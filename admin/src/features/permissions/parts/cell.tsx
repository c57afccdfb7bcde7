import { Badge, Menu, UnstyledButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { request } from "../../../api/client";
import { useViewAs } from "../../../api/view-as";
import { type Action, type Policy, accessOf, conditionText } from "../../../model/policies";
import { showDone } from "../../../ui/errors";
import { COLORS } from "./colors";

interface Props {
  app: string;
  policies: Policy[];
  role: string;
  entity: string;
  action: Action;
}

/** What a role may do with an entity: pressed, it shows the permissions behind it, or gives one. */
export function Cell({ app, policies, role, entity, action }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const isOnlyLooking = useViewAs(app) !== undefined;
  const give = useGive(app, { role, entity, action });
  const access = accessOf(policies, role, entity, action);
  const label = t(`matrix.${action}`);
  const text = `${label}: ${t(`access.${access}`)} (${role})`;
  const own = policies.filter((policy) => policy.entity === entity && policy.action === action && policy.roles.includes(role));
  const open = (id: string, search = {}) => void navigate({ to: "/$app/define/$kind/$id", params: { app, kind: "permissions", id }, search: search as never });
  const badge = (
    <Badge size="sm" radius="sm" variant={access === "none" ? "outline" : "light"} color={COLORS[access]} c="var(--mantine-color-text)">
      {label.slice(0, 1)}
    </Badge>
  );
  // Admins may do everything, whatever permissions say.
  if (role === "admin" || isOnlyLooking) return <span title={text} role="img" aria-label={text}>{badge}</span>;
  return (
    <Menu position="bottom-start" shadow="md" withinPortal>
      <Menu.Target>
        <UnstyledButton title={text} aria-label={text}>
          {badge}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("matrix.cell", { role, action: label, entity })}</Menu.Label>
        {own.map((policy) => (
          <Menu.Item key={policy.id} onClick={() => open(policy.id)}>
            {conditionText(policy) || t("matrix.everyRecord")}
          </Menu.Item>
        ))}
        {access === "none" && <Menu.Item onClick={() => give.mutate()}>{t("matrix.giveAll")}</Menu.Item>}
        {access !== "all" && <Menu.Item onClick={() => open("new", { entity, action, role })}>{t("matrix.giveSome")}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

function useGive(app: string, { role, entity, action }: Pick<Props, "role" | "entity" | "action">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request(app, "POST", "/_admin/permissions", { body: { entity, action, roles: [role] } }),
    onSuccess: async () => {
      showDone(t("definitions.saved"));
      await client.invalidateQueries({ queryKey: [app] });
    },
  });
}
