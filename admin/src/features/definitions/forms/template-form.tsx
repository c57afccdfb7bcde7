import { Alert, Fieldset, Group, SegmentedControl, Select, SimpleGrid, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAppSchema } from "../../../api/app-schema";
import { request } from "../../../api/client";
import { messageOf } from "../../../ui/errors";
import { useTranslation } from "../../../words/translator";
import { ChoiceKey, LongTextKey, TextKey } from "../parts/keys";
import { RecordPicker } from "../parts/record-picker";
import { DocumentScope, useKey, useScope } from "../parts/scope";
import type { Document } from "../queries";

const FORMATS = ["text", "markdown", "html"];
const TYPING_MS = 500;
const VARIABLES = "record.… · old.… · changes.… · action · entity · user.email · app.name · workflow.… · event.… · comment.body · links.record · links.approval";

/** A notification template: its texts, their variants by locale, and how they look with a record. */
export default function TemplateForm() {
  const { t } = useTranslation();
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextKey name="name" required />
          <ChoiceKey name="format" label="template.format" values={FORMATS} />
        </SimpleGrid>
        <TextKey name="subject" />
        <LongTextKey name="body" required mono />
        <Text size="xs" c="dimmed">
          {t("template.variables")}: {VARIABLES}
        </Text>
        <Variants />
      </Stack>
      <Preview />
    </SimpleGrid>
  );
}

/** The texts of other locales, one at a time. */
function Variants() {
  const { t } = useTranslation();
  const { app, path } = useScope();
  const [value, set] = useKey("locale_variants");
  const variants = (value ?? {}) as Record<string, Document>;
  const [locale, setLocale] = useState(Object.keys(variants)[0] ?? "");
  const put = (next: Document) => set({ ...variants, [locale]: next });
  return (
    <Fieldset legend={t("template.variants")} p="sm">
      <Stack gap="xs">
        <Group align="flex-end">
          <TextInput size="xs" w={120} label={t("template.locale")} placeholder="de" value={locale} onChange={(event) => setLocale(event.currentTarget.value.trim())} />
          {Object.keys(variants).length > 0 && <SegmentedControl size="xs" data={Object.keys(variants)} value={locale} onChange={setLocale} />}
        </Group>
        {locale !== "" && (
          <DocumentScope app={app} document={variants[locale] ?? { body: "" }} onChange={put} path={`${path}locale_variants.${locale}.`}>
            <TextKey name="subject" />
            <LongTextKey name="body" required mono />
          </DocumentScope>
        )}
      </Stack>
    </Fieldset>
  );
}

interface Filled {
  subject: string;
  text: string;
  html: string | null;
  unknown: string[];
}

/** The template as it stands, filled with a record, as a mail and as a text. */
function Preview() {
  const { t } = useTranslation();
  const { app, document } = useScope();
  const entities = useAppSchema(app).entities.map((each) => each.name);
  const [entity, setEntity] = useState(entities[0] ?? "");
  const [record, setRecord] = useState<string | null>(null);
  const [locale, setLocale] = useState("");
  const [draft] = useDebouncedValue(document, TYPING_MS);
  const filled = useQuery<Filled>({
    queryKey: [app, "template-preview", draft, entity, record, locale],
    queryFn: ({ signal }) => {
      const about = record === null ? { context: {} } : { entity, record_id: record };
      const template = { ...draft, name: draft["name"] || "draft", body: draft["body"] ?? "" };
      return request<Filled>(app, "POST", "/_admin/notification-templates/preview", { body: { template, ...about, locale }, signal }).then((reply) => reply.data);
    },
    placeholderData: keepPreviousData,
    retry: false,
    meta: { shown: true },
  });
  return (
    <Fieldset legend={t("template.preview")} p="sm">
      <Stack gap="xs">
        <Group align="flex-end">
          <Select size="xs" w={170} label={t("key.entity")} data={entities} value={entity} allowDeselect={false} onChange={(picked) => { setEntity(picked ?? ""); setRecord(null); }} />
          <RecordPicker key={entity} app={app} entity={entity} label={t("template.record")} placeholder={t("template.pickRecord")} value={record} onChange={setRecord} />
          <TextInput size="xs" w={90} label={t("template.locale")} value={locale} onChange={(event) => setLocale(event.currentTarget.value.trim())} />
        </Group>
        {filled.error && <Alert color="red">{messageOf(filled.error)}</Alert>}
        {filled.data && !filled.error && <Shown filled={filled.data} />}
      </Stack>
    </Fieldset>
  );
}

function Shown({ filled }: { filled: Filled }) {
  const { t } = useTranslation();
  return (
    <>
      {filled.unknown.length > 0 && <Alert color="orange" title={t("template.unknown")}>{filled.unknown.join(", ")}</Alert>}
      <Text fw={700}>{filled.subject}</Text>
      <Tabs defaultValue={filled.html ? "html" : "text"} key={filled.html ? "html" : "text"}>
        <Tabs.List>
          {filled.html && <Tabs.Tab value="html">{t("template.mail")}</Tabs.Tab>}
          <Tabs.Tab value="text">{t("template.text")}</Tabs.Tab>
        </Tabs.List>
        {filled.html && (
          <Tabs.Panel value="html" pt="xs">
            <iframe className="rk-mail" title={t("template.mail")} sandbox="" srcDoc={filled.html} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="text" pt="xs">
          <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {filled.text}
          </Text>
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
