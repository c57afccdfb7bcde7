import { Anchor, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useAppSchema } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { type Row, idOf, labelField, labelOf } from "../../../model/schema";

const MAX_SHOWN = 20;

/** Records as links, by their names where one question can tell them. */
export function RecordLinks({ app, entity: name, ids }: { app: string; entity: string; ids: string[] }) {
  const entity = useAppSchema(app).entities.find((each) => each.name === name);
  const shown = ids.slice(0, MAX_SHOWN);
  const key = entity?.primary_key.fields.length === 1 ? entity.primary_key.fields[0]! : undefined;
  const rows = useQuery({
    queryKey: [app, "records", name, "named", shown],
    queryFn: ({ signal }) => {
      const query = { [`filter[${key}.in]`]: shown.join(","), fields: [key!, labelField(entity!)].join(","), per_page: "100", count: "none" };
      return request<Row[]>(app, "GET", `/${name}`, { query, signal }).then((reply) => reply.data);
    },
    enabled: entity !== undefined && key !== undefined && shown.length > 0,
  });
  const names = new Map(entity ? rows.data?.map((row) => [idOf(entity, row), labelOf(entity, row)]) : []);
  return (
    <Group gap={8}>
      {shown.map((id) => (
        <Anchor key={id} component={Link} to={`/${app}/records/${name}/${encodeURIComponent(id)}`} size="sm">
          {names.get(id) ?? id}
        </Anchor>
      ))}
    </Group>
  );
}
