import { Group, Select, TagsInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { parseExact } from "../../../model/json";
import { ChoiceKey, TextKey, ValueKey } from "../parts/keys";
import { Rows } from "../parts/rows";
import { useKey, useProblem, useScope } from "../parts/scope";

export const FIELD_TYPES = ["string", "text", "int", "bigint", "decimal", "boolean", "date", "timestamp", "uuid", "json", "file"];
const NUMERIC = ["int", "bigint", "decimal", "float"];

/** The fields of a form. `decides`: a field may be required for one of the two decisions only. */
export function FormBuilder({ decides }: { decides: boolean }) {
  return (
    <Rows name="form" label="flow.form" add="flow.addFormField" blank={{ name: "", type: "string" }} vertical>
      {() => (
        <>
          <Group gap="xs" align="flex-end">
            <TextKey name="name" required w={130} />
            <ChoiceKey name="type" values={FIELD_TYPES} required w={110} />
            <TextKey name="label" label="flow.formLabel" w={150} />
            <RequiredKey decides={decides} />
          </Group>
          <Group gap="xs" align="flex-end">
            <EnumKey />
            <ValueKey name="default" w={120} />
            <TextKey name="help" label="flow.formHelp" w={200} />
          </Group>
        </>
      )}
    </Rows>
  );
}

function RequiredKey({ decides }: { decides: boolean }) {
  const { t } = useTranslation();
  const [value, set] = useKey("required");
  const choices = ["no", "always", ...(decides ? ["approve", "reject"] : [])];
  const chosen = value === true ? "always" : typeof value === "string" ? value : "no";
  return (
    <Select
      size="xs"
      w={150}
      label={t("flow.required")}
      allowDeselect={false}
      data={choices.map((each) => ({ value: each, label: t(`flow.requiredFor.${each}`) }))}
      value={chosen}
      onChange={(picked) => set(picked === "no" ? undefined : picked === "always" ? true : picked)}
    />
  );
}

/** The values to choose from, as values of the field's type. */
function EnumKey() {
  const { t } = useTranslation();
  const { document } = useScope();
  const [value, set] = useKey("enum");
  const isNumber = NUMERIC.includes(String(document["type"]));
  const read = (typed: string) => (isNumber && /^-?\d+(\.\d+)?$/.test(typed) ? parseExact(typed) : typed);
  const values = Array.isArray(value) ? value.map(String) : [];
  return <TagsInput size="xs" w={220} label={t("flow.enum")} error={useProblem("enum")} value={values} onChange={(next) => set(next.length > 0 ? next.map(read) : undefined)} />;
}
