import { Button, Group, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { isApiError } from "../../../api/errors";
import { kindOf } from "../../../fields/registry";
import { type Entity, type Field, type Row, idOf, labelOf } from "../../../model/schema";
import { LinkButton } from "../../../ui/link-button";
import { violatingQuery } from "../violations";
import type { Violation } from "../queries";

interface Props {
  app: string;
  violation: Violation;
  /** The values that the planned field takes, where they are few. */
  allowed: unknown[] | undefined;
  onRepaired: () => void;
}

/** Stored rows that contradict a change, and an input for the value that is wrong. */
export function ViolatingRows({ app, violation, allowed, onRepaired }: Props) {
  const { t } = useTranslation();
  const entity = useAppSchema(app).entities.find((each) => each.name === violation.entity);
  const stored = entity?.fields.find((each) => each.name === violation.field);
  const field = stored && { ...stored, enum: allowed ?? stored.enum };
  const rows = useQuery(violatingQuery(app, entity, field, violation, allowed));
  return (
    <div>
      <Text size="sm" fw={600}>
        {t("violations.count", { count: violation.rows, entity: violation.entity, field: violation.field ?? "", rule: t(`violations.${violation.rule}`, { defaultValue: violation.rule }) })}
      </Text>
      {entity && field && rows.data && (
        <Table aria-label={`${violation.entity} ${violation.field}`}>
          <Table.Tbody>
            {rows.data.map((row) => (
              <Repair key={idOf(entity, row)} app={app} entity={entity} field={field} row={row} onRepaired={onRepaired} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {rows.data && rows.data.length < violation.rows && <Text size="sm">{t("violations.some", { count: rows.data.length })}</Text>}
    </div>
  );
}

function Repair({ app, entity, field, row, onRepaired }: { app: string; entity: Entity; field: Field; row: Row; onRepaired: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [value, setValue] = useState(row[field.name]);
  const id = idOf(entity, row);
  const save = useMutation({
    mutationFn: () => request(app, "PATCH", `/${entity.name}/${encodeURIComponent(id)}`, { body: { [field.name]: value } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [app, "violations"] });
      onRepaired();
    },
    meta: { shown: true },
  });
  const Input = kindOf(field).input;
  const refused = isApiError(save.error) ? (save.error.byField[field.name] ?? save.error.message) : save.error?.message;
  const title = labelOf(entity, row);
  return (
    <Table.Tr>
      <Table.Td>
        <LinkButton to="/$app/records/$entity/$id" params={{ app, entity: entity.name, id }} variant="subtle" size="compact-sm">
          {title}
        </LinkButton>
      </Table.Td>
      <Table.Td>
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <Input app={app} field={field} value={value} onChange={setValue} label={t("violations.valueOf", { field: field.name, record: title })} error={refused} />
          <Button size="compact-sm" variant="default" loading={save.isPending} onClick={() => save.mutate()}>
            {t("violations.repair")}
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
