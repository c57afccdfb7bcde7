import { Alert, Button, CopyButton, FileButton, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { exchange } from "../../../api/exchange";
import { type Filled, addressOf, asCurl, headersOf } from "../../../model/api-request";
import { type OpenApi, type Operation, exampleOf } from "../../../model/openapi";
import { CodeInput } from "../../../ui/code/code-input";
import { Failed } from "../../../ui/failed";
import { Answer } from "./answer";
import { Method } from "./method";
import { Parameters } from "./parameters";
import { SchemaTable } from "./schema-table";

interface Props {
  app: string;
  document: OpenApi;
  operation: Operation;
}

const JSON_TYPE = "application/json";

/** One operation: what it takes, to fill in and send with one's own token, and what it answers. */
export function Playground({ app, document, operation }: Props) {
  const { t } = useTranslation();
  const isJson = operation.body?.type === JSON_TYPE;
  const [filled, setFilled] = useState<Filled>({ operation, values: {}, further: "", body: isJson ? JSON.stringify(exampleOf(document, operation.body!.schema), null, 2) : "" });
  const [file, setFile] = useState<File | null>(null);
  const send = useMutation({
    mutationFn: () => exchange(app, operation.method, addressOf(filled), { ...headersOf(filled), ...(isJson && filled.body ? { "Content-Type": JSON_TYPE } : {}) }, bodyOf(filled, isJson, file)),
    meta: { shown: true },
  });
  return (
    <Stack gap="sm" component="section" aria-label={operation.summary}>
      <Group gap="xs">
        <Method name={operation.method} />
        <Title order={2} size="h5" className="rk-mono rk-break">
          {operation.path}
        </Title>
      </Group>
      <Text size="sm">{operation.summary}</Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
      >
        <Stack gap="sm">
          <Parameters document={document} filled={filled} onChange={setFilled} />
          {isJson && <CodeInput language="json" label={t("api.body")} value={filled.body} onChange={(body) => setFilled((before) => ({ ...before, body }))} minLines={4} />}
          {operation.body && !isJson && (
            <Group gap="xs">
              <FileButton onChange={setFile}>
                {(props) => (
                  <Button {...props} size="xs" variant="default">
                    {t("api.file")}
                  </Button>
                )}
              </FileButton>
              <Text size="sm">{file?.name}</Text>
            </Group>
          )}
          {operation.method !== "GET" && (
            <Alert color="orange" p="xs">
              {t("api.writes")}
            </Alert>
          )}
          <Group gap="xs">
            <Button type="submit" size="xs" loading={send.isPending}>
              {t("api.send")}
            </Button>
            <CopyButton value={asCurl(location.origin, filled)}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy}>
                  {copied ? t("action.copied") : t("api.curl")}
                </Button>
              )}
            </CopyButton>
          </Group>
        </Stack>
      </form>
      {send.error && <Failed error={send.error} />}
      {send.data && <Answer app={app} answer={send.data} />}
      {operation.body && <SchemaTable document={document} title={t("api.bodySchema")} schema={operation.body.schema} />}
      {operation.answer && <SchemaTable document={document} title={t("api.answerSchema")} schema={operation.answer} />}
    </Stack>
  );
}

function bodyOf({ operation, body }: Filled, isJson: boolean, file: File | null): BodyInit | null {
  if (!operation.body) return null;
  if (isJson) return body || null;
  const form = new FormData();
  if (file) form.append("file", file);
  return form;
}
