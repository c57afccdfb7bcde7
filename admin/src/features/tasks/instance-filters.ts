/** The filters of the list of instances: all that the API has. */

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "../../words/translator";
import { keys, useAppSchema, useIsAdmin, useMe } from "../../api/app-schema";
import { request } from "../../api/client";
import { usePeople } from "../../api/people";
import { useRoles } from "../../api/roles";
import type { ListFilter } from "../../ui/listing";

const STATUSES = ["running", "completed", "failed", "cancelled"] as const;
const SORTS = ["-created_at", "created_at", "-updated_at", "updated_at", "workflow_name", "status", "current_step_deadline"] as const;

/** The names of all workflows, for admins; others may type one. */
export function useWorkflowNames(app: string): string[] {
  const isAdmin = useIsAdmin(app);
  const found = useQuery({
    queryKey: keys.definitions(app, "workflows"),
    queryFn: ({ signal }) => request<{ name: string }[]>(app, "GET", "/_admin/workflows", { signal }).then((reply) => reply.data),
    enabled: isAdmin,
  });
  return (found.data ?? []).map((workflow) => workflow.name);
}

export function useInstanceFilters(app: string): ListFilter[] {
  const { t } = useTranslation();
  const people = usePeople(app);
  const entities = useAppSchema(app).entities.map((entity) => entity.name);
  return [
    { name: "status", label: "instances.status", values: STATUSES.map((value) => ({ value, label: t(`flow.run.${value}`) })) },
    { name: "workflow", label: "tasks.workflow", suggestions: useWorkflowNames(app) },
    { name: "waiting_for", label: "instances.waitingFor", values: useHolders(app) },
    { name: "overdue", label: "instances.overdue", values: ["true", "false"].map((value) => ({ value, label: t(`instances.overdue.${value}`) })) },
    { name: "entity", label: "instances.entity", values: entities, isRare: true },
    { name: "record_id", label: "instances.record", isRare: true },
    { name: "initiator", label: "instances.initiator", suggestions: people.map((person) => person.email), isRare: true },
    { name: "step", label: "tasks.step", isRare: true },
    { name: "version", label: "instances.version", type: "number", isRare: true },
    { name: "from", label: "instances.startedFrom", type: "date", isRare: true },
    { name: "to", label: "instances.startedTo", type: "date", isRare: true },
    { name: "due_before", label: "instances.dueBefore", type: "date", isRare: true },
    { name: "sort", label: "instances.sort", values: SORTS.map((value) => ({ value, label: t(`instances.sort.${value}`) })), isRare: true },
  ];
}

/** For whom something may wait: for admins all people and roles that there are, for others themselves and their roles. */
function useHolders(app: string): { value: string; label: string }[] {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin(app);
  const me = useMe(app);
  const people = usePeople(app);
  const roles = useRoles(app);
  const own = me ? [{ value: me.id, label: t("instances.me") }] : [];
  const known = isAdmin ? [...new Set([...roles, ...people.flatMap((person) => person.roles ?? [])])] : (me?.roles ?? []);
  return [...own, ...known.map((role) => ({ value: role, label: role })), ...people.filter((person) => person.id !== me?.id).map((person) => ({ value: person.id, label: person.email }))];
}
