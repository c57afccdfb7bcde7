import { Fieldset, Group, NumberInput, Select, Stack } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { ColourKey, LogoKey } from "./branding-keys";
import { type KeyProps, TagsKey, TextKey, useLabel } from "./keys";
import { Rows } from "./rows";
import { Nested, useKey, useProblem } from "./scope";

/** The settings by what they are about. What is left empty is as the server has it. */
export function SettingsForm() {
  const { t } = useTranslation();
  return (
    <Stack>
      <Fieldset legend={t("settings.branding")} p="sm">
        <Nested name="branding">
          <Group align="flex-start">
            <TextKey name="name" label="settings.name" w={240} />
            <ColourKey name="colour" label="settings.colour" />
            <LogoKey name="logo" label="settings.logo" />
          </Group>
        </Nested>
      </Fieldset>
      <Rows name="links" label="settings.links" add="settings.addLink" blank={{ label: "", url: "https://" }}>
        {() => (
          <>
            <TextKey name="label" label="settings.linkLabel" required w={200} />
            <TextKey name="url" required w={320} />
          </>
        )}
      </Rows>
      <Fieldset legend={t("settings.access")} p="sm">
        <Stack gap="sm">
          <Nested name="files">
            <DefaultedChoice name="access" label="settings.fileAccess" values={["authenticated", "record"]} />
          </Nested>
          <TagsKey name="cors_origins" label="settings.origins" />
          <DefaultedSwitch name="password_login" label="settings.passwordLogin" />
        </Stack>
      </Fieldset>
      <Fieldset legend={t("settings.observing")} p="sm">
        <Group align="flex-start">
          <DefaultedSwitch name="audit_default" label="settings.audit" />
          <Nested name="instrumentation">
            <DefaultedSwitch name="enabled" label="settings.spans" />
            <DefaultedNumber name="retention_days" label="settings.retention" min={1} max={3650} step={1} />
            <DefaultedNumber name="sampling_rate" label="settings.sampling" min={0} max={1} step={0.1} />
          </Nested>
        </Group>
      </Fieldset>
    </Stack>
  );
}

/** A choice whose absence is the server's own. */
function DefaultedChoice({ values, ...props }: KeyProps & { values: string[] }) {
  const { t } = useTranslation();
  const [value, set] = useKey(props.name);
  return (
    <Select
      size="xs"
      w={260}
      label={useLabel(props)}
      error={useProblem(props.name)}
      placeholder={t("settings.default")}
      clearable
      data={values.map((each) => ({ value: each, label: t(`settings.value.${each}`) }))}
      value={typeof value === "string" ? value : null}
      onChange={(picked) => set(picked)}
    />
  );
}

function DefaultedSwitch(props: KeyProps) {
  const { t } = useTranslation();
  const [value, set] = useKey(props.name);
  return (
    <Select
      size="xs"
      w={200}
      label={useLabel(props)}
      error={useProblem(props.name)}
      placeholder={t("settings.default")}
      clearable
      data={[{ value: "true", label: t("value.yes") }, { value: "false", label: t("value.no") }]}
      value={typeof value === "boolean" ? String(value) : null}
      onChange={(picked) => set(picked === null ? null : picked === "true")}
    />
  );
}

function DefaultedNumber({ min, max, step, ...props }: KeyProps & { min: number; max: number; step: number }) {
  const { t } = useTranslation();
  const [value, set] = useKey(props.name);
  return (
    <NumberInput
      size="xs"
      w={200}
      min={min}
      max={max}
      step={step}
      label={useLabel(props)}
      error={useProblem(props.name)}
      placeholder={t("settings.default")}
      value={value === null || value === undefined ? "" : Number(value)}
      onChange={(typed) => set(typed === "" ? null : Number(typed))}
    />
  );
}
