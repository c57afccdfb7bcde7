import { ActionIcon, Alert, Button, Group, Table } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { isApiError } from "../../../api/errors";
import { kindOf } from "../../../fields/registry";
import { changed } from "../../../model/changes";
import { type Entity, type Field, type Relation, type Row, idOf, referenceOf } from "../../../model/schema";
import { hintOf, messageOf, showDone } from "../../../ui/errors";
import { Icon } from "../../../ui/icons";
import { useSaveChildren } from "../queries";
import { ReferenceInput } from "./reference-input";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  relation: Relation;
  rows: Row[];
  etag: string | null;
  onDone: () => void;
}

interface Line {
  key: string;
  before: Row | undefined;
  values: Row;
  removed: boolean;
}

const MAX_COLUMNS = 6;

/** The children of a record as a table of inputs. All changes are saved in one commit, or none. */
export function ChildrenEditor({ app, entity, id, relation, rows, etag, onDone }: Props) {
  const { t } = useTranslation();
  const target = useAppSchema(app).entities.find((each) => each.name === relation.target)!;
  const fields = editableFields(target, relation);
  const [lines, setLines] = useState<Line[]>(rows.map((row) => ({ key: idOf(target, row), before: row, values: row, removed: false })));
  const save = useSaveChildren(app, entity, id, relation);
  const change = (at: number, part: Partial<Line>) => setLines(lines.map((line, index) => (index === at ? { ...line, ...part } : line)));
  const add = () => setLines([...lines, { key: `new-${lines.length}`, before: undefined, values: defaultsOf(fields), removed: false }]);
  const submit = async () => {
    const sent = lines.flatMap((line) => toSend(target, line));
    if (sent.length > 0) {
      const reply = await save.mutateAsync({ rows: sent, etag }).catch(() => undefined);
      if (!reply) return;
      showDone(t("record.saved"));
    }
    onDone();
  };
  return (
    <>
      {save.error && (
        <Alert color="red" role="alert" title={isApiError(save.error, 412) ? t("children.stale") : messageOf(save.error)} style={{ whiteSpace: "pre-line" }}>
          {hintOf(save.error)}
        </Alert>
      )}
      <Table.ScrollContainer minWidth={fields.length * 150}>
        <Table aria-label={t("children.edit", { relation: relation.name })}>
          <Table.Thead>
            <Table.Tr>
              {fields.map((field) => (
                <Table.Th key={field.name}>{field.name}</Table.Th>
              ))}
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.map((line, at) =>
              line.removed ? null : (
                <Table.Tr key={line.key}>
                  {fields.map((field) => (
                    <Table.Td key={field.name}>
                      <LineInput
                        app={app}
                        entity={target}
                        field={field}
                        number={at + 1}
                        value={line.values[field.name]}
                        onChange={(value) => change(at, { values: { ...line.values, [field.name]: value } })}
                      />
                    </Table.Td>
                  ))}
                  <Table.Td>
                    <ActionIcon variant="subtle" color="red" aria-label={t("rows.remove", { number: at + 1 })} onClick={() => change(at, { removed: true })}>
                      <Icon name="trash" size={14} />
                    </ActionIcon>
                  </Table.Td>
                </Table.Tr>
              ),
            )}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group mt="xs">
        <Button size="compact-sm" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={add}>
          {t("children.add")}
        </Button>
        <Button size="compact-sm" loading={save.isPending} onClick={() => void submit()}>
          {t("children.save")}
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={onDone}>
          {t("action.cancel")}
        </Button>
      </Group>
    </>
  );
}

function LineInput(props: { app: string; entity: Entity; field: Field; number: number; value: unknown; onChange: (value: unknown) => void }) {
  const { entity, field, number } = props;
  const relation = referenceOf(entity, field.name);
  const shared = { ...props, error: undefined, disabled: !(field.update || field.create) };
  if (relation) return <ReferenceInput {...shared} relation={relation} />;
  const Input = kindOf(field).input;
  return <Input {...shared} label={`${field.name} ${number}`} />;
}

/** What a child can be given here: what may be written, without its key and the field that holds the parent. */
function editableFields(target: Entity, relation: Relation): Field[] {
  return target.fields
    .filter((field) => (field.create || field.update) && !field.auto && field.name !== relation.target_key)
    .filter((field) => !target.primary_key.fields.includes(field.name) && field.type !== "json" && field.type !== "file")
    .slice(0, MAX_COLUMNS);
}

function defaultsOf(fields: Field[]): Row {
  return Object.fromEntries(fields.filter((field) => field.default !== null).map((field) => [field.name, field.default]));
}

/** What of a line is sent: its key and what was changed, all of a new one, or its deletion. */
function toSend(target: Entity, { before, values, removed }: Line): Row[] {
  if (!before) {
    const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
    return removed || given.length === 0 ? [] : [Object.fromEntries(given)];
  }
  const key = Object.fromEntries(target.primary_key.fields.map((name) => [name, before[name]]));
  if (removed) return [{ ...key, _delete: true }];
  const edits = changed(before, values);
  return Object.keys(edits).length > 0 ? [{ ...key, ...edits }] : [];
}
