import { Fieldset, Select, SimpleGrid, TextInput } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { type Filled, isFamily, keyOf } from "../../../model/api-request";
import { type OpenApi, type Parameter, resolve } from "../../../model/openapi";

interface Props {
  document: OpenApi;
  filled: Filled;
  onChange: (filled: Filled) => void;
}

/** The parameters of an operation as inputs; those of the path first, as nothing can be sent without them. */
export function Parameters({ document, filled, onChange }: Props) {
  const { t } = useTranslation();
  const { parameters } = filled.operation;
  const families = parameters.filter(isFamily);
  const single = parameters.filter((each) => !isFamily(each));
  const ordered = [...single.filter((each) => each.in === "path"), ...single.filter((each) => each.in !== "path")];
  if (parameters.length === 0) return null;
  const set = (parameter: Parameter, value: string) => onChange({ ...filled, values: { ...filled.values, [keyOf(parameter)]: value } });
  return (
    <Fieldset legend={t("api.parameters")} p="sm">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
        {ordered.map((each) => (
          <OneParameter key={keyOf(each)} document={document} parameter={each} value={filled.values[keyOf(each)] ?? ""} onChange={(value) => set(each, value)} />
        ))}
      </SimpleGrid>
      {families.length > 0 && (
        <TextInput
          mt="xs"
          size="xs"
          classNames={{ input: "rk-mono" }}
          label={families.map((each) => `${each.name}[…]`).join(", ")}
          description={families[0]!.description}
          placeholder={`${families[0]!.name}[…]=…&…`}
          value={filled.further}
          onChange={(event) => onChange({ ...filled, further: event.currentTarget.value })}
        />
      )}
    </Fieldset>
  );
}

function OneParameter({ document, parameter, value, onChange }: { document: OpenApi; parameter: Parameter; value: string; onChange: (value: string) => void }) {
  const schema = resolve(document, parameter.schema ?? {});
  const shared = { size: "xs", label: parameter.name, description: parameter.description, required: parameter.in === "path" || parameter.required === true } as const;
  const choices = schema.type === "boolean" ? ["true", "false"] : (schema.enum ?? []).map(String);
  if (choices.length > 0) return <Select {...shared} clearable data={choices} value={value || null} onChange={(picked) => onChange(picked ?? "")} />;
  return <TextInput {...shared} placeholder={schema.default === undefined || schema.default === null ? "" : String(schema.default)} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
}
