import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useAppSchema } from "../../api/app-schema";
import { timestampCell } from "../../fields/moments";
import { sayValue } from "../../model/audit";
import type { Row } from "../../model/schema";
import { useTranslation } from "../../words/translator";
import type { ShownProps } from "./props";

const MAX_FIELDS = 4;
const NAMES = ["name", "title", "label", "subject", "number", "code"];

type Changed = Record<string, { old: unknown; new: unknown }>;

/** The newest changes, each with its record and what it changed. */
export function TimelineOf({ app, widget, answer }: ShownProps) {
  const { t } = useTranslation();
  const entity = useAppSchema(app).entities.find((each) => each.name === widget.query.entity);
  const stamps = new Set(entity?.fields.filter((field) => field.auto === "update").map((field) => field.name));
  return (
    <ol className="rk-changes">
      {(answer.data ?? []).map((row, at) => {
        const changed = (row["changed"] ?? {}) as Changed;
        const named = NAMES.map((name) => changed[name]?.new).find((value) => typeof value === "string");
        const who = ((row["user"] as Row | null)?.["email"] as string | null | undefined) ?? "–";
        return (
          <li key={at}>
            <Anchor component={Link} inherit to={`/${app}/records/${String(row["entity"])}/${encodeURIComponent(String(row["record_id"]))}`}>
              {String(named ?? t("board.record", { entity: row["entity"] }))}
            </Anchor>{" "}
            {t(`history.${String(row["action"])}`, { defaultValue: String(row["action"]) })}
            <Text size="xs" c="dimmed">
              {t("history.by", { who, when: timestampCell(row["at"]) })}
            </Text>
            {row["action"] === "update" && <Fields changed={Object.entries(changed).filter(([name]) => !stamps.has(name))} />}
          </li>
        );
      })}
    </ol>
  );
}

function Fields({ changed }: { changed: [string, Changed[string]][] }) {
  return (
    <Text size="xs" component="div">
      {changed
        .slice(0, MAX_FIELDS)
        .map(([field, value]) => (
          <div key={field} className="rk-break">
            {field}: <del>{sayValue(value.old)}</del> → {sayValue(value.new)}
          </div>
        ))}
    </Text>
  );
}
