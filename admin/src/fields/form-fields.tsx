/** The fields of a form of a workflow: of a decision, or of a start. */

import { Stack, Text } from "@mantine/core";
import { useTranslation } from "../words/translator";
import type { Field } from "../model/schema";
import type { FormField } from "../model/tasks";
import { kindOf } from "./registry";

interface Props {
  app: string;
  form: FormField[];
  values: Record<string, unknown>;
  errors: Record<string, string>;
  onChange: (values: Record<string, unknown>) => void;
}

/** A field of a form in the terms of an entity's field, which inputs are made for. */
function asField({ name, type, required, enum: values }: FormField): Field {
  return {
    name, type: type as Field["type"], required: required === true, unique: false, default: null, enum: values ?? null, precision: null, auto: null,
    read: true, create: true, update: true, filter: false, masked: false,
  };
}

export function FormFields({ app, form, values, errors, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      {form.map((each) => {
        const Input = kindOf(asField(each)).input;
        const only = typeof each.required === "string" ? ` (${t(`flow.requiredFor.${each.required}`)})` : "";
        return (
          <div key={each.name}>
            <Input app={app} field={asField(each)} label={`${each.label || each.name}${only}`} value={values[each.name] ?? null} error={errors[each.name]} onChange={(value) => onChange({ ...values, [each.name]: value })} />
            {each.help && (
              <Text size="xs" c="dimmed">
                {each.help}
              </Text>
            )}
          </div>
        );
      })}
    </Stack>
  );
}
