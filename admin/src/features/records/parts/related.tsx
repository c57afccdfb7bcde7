import { Button, Group, Loader, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { useAt } from "../../../api/moment";
import type { Entity, Relation, Row } from "../../../model/schema";
import { Failed } from "../../../ui/failed";
import { LinkButton } from "../../../ui/link-button";
import { referringQuery, relatedQuery } from "../queries";
import { ChildrenEditor } from "./children-editor";
import { RelatedTable } from "./related-table";

interface Props {
  app: string;
  entity: Entity;
  id: string;
  row: Row;
  relation: Relation;
}

/** The records at the other end of a relation of this record. */
export function Related(props: Props) {
  const target = useAppSchema(props.app).entities.find((each) => each.name === props.relation.target);
  if (!target) return null;
  return props.relation.joined ? <Joined {...props} target={target} /> : <Referring {...props} target={target} />;
}

/** Those on the other side of a table of pairs. */
function Joined({ app, entity, id, relation, target }: Props & { target: Entity }) {
  const { t } = useTranslation();
  const related = useQuery(relatedQuery(app, entity, id, relation, useAt()));
  if (related.error) return <Failed error={related.error} retry={() => void related.refetch()} />;
  if (!related.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  return <RelatedTable app={app} target={target} relation={relation} rows={related.data.rows} />;
}

/** Those that refer to the record: a page of them, and all in one form where they may be edited. */
function Referring({ app, entity, id, row, relation, target }: Props & { target: Entity }) {
  const { t } = useTranslation();
  const at = useAt();
  const value = String(row[relation.source_key]);
  const list = useInfiniteQuery(referringQuery(app, target, relation, value, at));
  const [editing, setEditing] = useState(false);
  const may = at === undefined && relation.nested && entity.actions.includes("update");
  if (editing) return <Editor {...{ app, entity, id, relation }} onDone={() => setEditing(false)} />;
  if (list.error) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  return (
    <>
      <RelatedTable app={app} target={target} relation={relation} rows={list.data.pages.flatMap((page) => page.data)} />
      <Group mt="xs">
        {list.hasNextPage && (
          <Button size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("related.more")}
          </Button>
        )}
        {may && (
          <Button size="compact-sm" variant="default" onClick={() => setEditing(true)}>
            {t("children.open")}
          </Button>
        )}
        <LinkButton to="/$app/records/$entity" params={{ app, entity: target.name }} search={{ where: [{ field: relation.target_key, op: "eq", value }] }} size="compact-sm" variant="subtle">
          {t("related.all")}
        </LinkButton>
        <Text size="sm" c="dimmed">
          {t("records.count", { count: list.data.pages[0]?.meta.total ?? 0 })}
        </Text>
      </Group>
    </>
  );
}

/** Reads all of them, with the version of their parent that they are saved against. */
function Editor({ app, entity, id, relation, onDone }: Omit<Props, "row"> & { onDone: () => void }) {
  const { t } = useTranslation();
  const related = useQuery({ ...relatedQuery(app, entity, id, relation), staleTime: 0, gcTime: 0 });
  if (related.error) return <Failed error={related.error} retry={() => void related.refetch()} />;
  if (!related.data) return <Loader size="sm" aria-label={t("shell.loading")} />;
  const { rows, etag } = related.data;
  return <ChildrenEditor key={etag} {...{ app, entity, id, relation, rows, etag, onDone }} />;
}
