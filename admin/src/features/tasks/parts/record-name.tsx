import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { createContext, useContext } from "react";
import type { Instance } from "../../../model/tasks";

/** The names of the records of a page, by `entity/id`. */
export const NamesContext = createContext<ReadonlyMap<string, string>>(new Map());

/** The record that an instance is about, by its name, as a link to it. */
export function RecordName({ app, instance }: { app: string; instance: Instance }) {
  const names = useContext(NamesContext);
  const { entity, record_id: id } = instance;
  if (!entity || !id) return "–";
  return (
    <Anchor component={Link} to={`/${app}/records/${entity}/${encodeURIComponent(id)}`}>
      {names.get(`${entity}/${id}`) ?? `${entity} ${id.slice(0, 8)}`}
    </Anchor>
  );
}
