import { Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { useAppSchema } from "../../../api/app-schema";
import { firstQuery, settled } from "../../../model/board-edit";
import { TIMES, filterChoices, groupChoices, ownFields } from "../../../model/board-fields";
import { figuresOf } from "../../../model/board-figures";
import { partOf } from "../../../model/board-times";
import { KPIS, type Query, type WidgetType, kindOf } from "../../../model/dashboards";
import { ChoiceKey, NumberKey, SuggestedKey, TextKey } from "../parts/keys";
import { useScope } from "../parts/scope";
import { ConditionsKey } from "./conditions-key";
import { FiguresKey } from "./figures-key";
import { CompareKey, KpiKey, PicksKey } from "./pick-keys";

const LENGTHS = ["24h", "7d", "30d", "90d", "365d"];

/** What a widget asks for, by the kind of its query. */
export function QueryKeys({ type }: { type: WidgetType }) {
  const { document } = useScope();
  const query = document as Query;
  switch (kindOf(query)) {
    case "kpi":
      return (
        <Stack gap="xs">
          <KpiKey values={KPIS} />
          <TextKey name="workflow" label="tasks.workflow" />
          <SuggestedKey name="last" label="board.last" values={LENGTHS} />
        </Stack>
      );
    case "activity":
      return (
        <Stack gap="xs">
          <BoardEntityKey type={type} />
          <NumberKey name="limit" label="board.limit" min={1} />
        </Stack>
      );
    case "records":
      return <RecordKeys type={type} query={query} />;
    default:
      return <FigureKeys type={type} query={query} />;
  }
}

/** Another entity has other fields, so the query begins anew. */
function BoardEntityKey({ type }: { type: WidgetType }) {
  const { app, document, onChange } = useScope();
  const entities = useAppSchema(app).entities.filter((entity) => entity.actions.includes("read"));
  const isFigures = kindOf(document as Query) === "figures";
  const pick = (name: string | undefined) => {
    const entity = entities.find((each) => each.name === name);
    onChange({ ...firstQuery(isFigures && type === "table" ? "bar" : type, entity) });
  };
  return <ChoiceKey name="entity" required values={entities.map((entity) => entity.name)} onPick={pick} />;
}

interface KeysProps {
  type: WidgetType;
  query: Query;
}

function FigureKeys({ type, query }: KeysProps) {
  const { app, onChange } = useScope();
  const schema = useAppSchema(app);
  const entity = schema.entities.find((each) => each.name === query.entity);
  const groups = entity ? groupChoices(schema, entity) : [];
  const figures = figuresOf(query).map((figure) => figure.key);
  const shown = [...figures, ...(query.group_by ?? [])];
  return (
    <Stack gap="xs">
      <BoardEntityKey type={type} />
      <FiguresKey entity={entity} />
      {type !== "counter" && <PicksKey name="group_by" label="board.groupBy" data={groups} onPick={(group_by) => onChange({ ...settled({ ...query, group_by }) })} />}
      <ConditionsKey name="filter" label="board.filter" choices={entity ? filterChoices(schema, entity) : []} entity={entity} />
      <TimeKeys query={query} />
      {query.last !== undefined && <CompareKey />}
      {type !== "counter" && (
        <>
          <PicksKey name="sort" label="board.sort" data={sortChoices(shown)} />
          <NumberKey name="limit" label="board.groupLimit" min={1} />
          <ConditionsKey name="having" label="board.having" choices={[{ group: "", items: figures }]} entity={undefined} />
        </>
      )}
      {query.group_by?.some((group) => partOf(group)) && <ChoiceKey name="tz" label="board.tz" values={Intl.supportedValuesOf("timeZone")} />}
    </Stack>
  );
}

function RecordKeys({ type, query }: KeysProps) {
  const { app } = useScope();
  const schema = useAppSchema(app);
  const entity = schema.entities.find((each) => each.name === query.entity);
  const names = entity?.fields.filter((field) => field.read).map((field) => field.name) ?? [];
  return (
    <Stack gap="xs">
      <BoardEntityKey type={type} />
      <PicksKey name="fields" label="board.columns" data={names} isRequired />
      <ConditionsKey name="filter" label="board.filter" choices={entity ? filterChoices(schema, entity) : []} entity={entity} />
      <PicksKey name="sort" label="board.sort" data={sortChoices(ownFields(entity))} />
      <NumberKey name="limit" label="board.limit" min={1} />
      <TimeKeys query={query} />
    </Stack>
  );
}

function sortChoices(names: readonly string[]): { value: string; label: string }[] {
  return names.flatMap((name) => [{ value: name, label: `${name} ↑` }, { value: `-${name}`, label: `${name} ↓` }]);
}

function TimeKeys({ query }: { query: Query }) {
  const { t } = useTranslation();
  const { app } = useScope();
  const entity = useAppSchema(app).entities.find((each) => each.name === query.entity);
  const made = entity?.fields.find((field) => field.auto === "create")?.name;
  return (
    <>
      <SuggestedKey name="last" label="board.last" values={LENGTHS} />
      <ChoiceKey name="time_field" label="board.timeField" values={ownFields(entity, TIMES)} />
      {made === undefined && query.time_field === undefined && query.last !== undefined && <span>{t("board.noTimeField")}</span>}
    </>
  );
}
