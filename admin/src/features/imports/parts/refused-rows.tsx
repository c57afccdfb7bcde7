import { Button, Group, Table, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { download } from "../../../api/client";
import { Failed } from "../../../ui/failed";
import { Icon } from "../../../ui/icons";
import { type ImportJob, optionsOf, REFUSED_SHOWN, type RefusedRow, refusedQuery, useStartImport } from "../queries";

/** The rows that the server refused, with its reasons. After an import they are mended here, or in the downloaded file. */
export function RefusedRows({ app, job }: { app: string; job: ImportJob }) {
  const { t } = useTranslation();
  const refused = useQuery(refusedQuery(app, job));
  const save = useMutation({
    mutationFn: async () => {
      const url = URL.createObjectURL(await download(app, `/${job.entity}/_imports/${job.id}/errors`));
      Object.assign(document.createElement("a"), { href: url, download: `${job.entity}-refused.csv` }).click();
      URL.revokeObjectURL(url);
    },
  });
  if (refused.error) return <Failed error={refused.error} retry={() => void refused.refetch()} />;
  const rows = refused.data ?? [];
  return (
    <section aria-label={t("import.refusedRows")}>
      <Group justify="space-between" mb="xs">
        <Title order={3} size="h6">
          {t("import.refusedRows")}
        </Title>
        <Button size="compact-sm" variant="default" loading={save.isPending} onClick={() => save.mutate()} leftSection={<Icon name="download" size={14} />}>
          {t("import.downloadRefused")}
        </Button>
      </Group>
      {job.refused > REFUSED_SHOWN && (
        <Text size="sm" c="dimmed">
          {t("import.firstRefused", { count: REFUSED_SHOWN })}
        </Text>
      )}
      {rows.length > 0 && <Mending key={job.id} app={app} job={job} rows={rows} />}
    </section>
  );
}

function Mending({ app, job, rows }: { app: string; job: ImportJob; rows: RefusedRow[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const start = useStartImport(app, job.entity);
  const [mended, setMended] = useState<Record<number, Record<string, string>>>({});
  const columns = job.columns ?? Object.keys(rows[0]!.values);
  const mayMend = !job.dry_run && job.refused <= REFUSED_SHOWN;
  const again = async () => {
    const values = rows.map((row) => ({ ...row.values, ...mended[row.row] }));
    const file = new File([JSON.stringify(values)], job.filename ?? "rows.json", { type: "application/json" });
    const next = await start.mutateAsync({ file, options: optionsOf(job) }).catch(() => undefined);
    if (next) await navigate({ to: "/$app/imports/$entity/$id", params: { app, entity: job.entity, id: next.id } });
  };
  return (
    <>
      {start.error && <Failed error={start.error} />}
      <Table.ScrollContainer minWidth={300 + columns.length * 120}>
        <Table aria-label={t("import.refusedRows")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("import.row")}</Table.Th>
              <Table.Th>{t("import.reasons")}</Table.Th>
              {columns.map((column) => (
                <Table.Th key={column}>{column}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.row}>
                <Table.Td>{row.row}</Table.Td>
                <Table.Td>
                  {row.reasons.map((reason) => (
                    <Text key={`${reason.field}/${reason.message}`} size="sm" c="var(--mantine-color-error)">
                      {reason.field ? `${reason.field}: ${reason.message}` : reason.message}
                    </Text>
                  ))}
                </Table.Td>
                {columns.map((column) => (
                  <Table.Td key={column}>
                    {mayMend ? (
                      <TextInput
                        size="xs"
                        miw={110}
                        aria-label={t("import.cell", { column, row: row.row })}
                        value={mended[row.row]?.[column] ?? text(row.values[column])}
                        onChange={({ currentTarget: { value } }) => setMended((before) => ({ ...before, [row.row]: { ...before[row.row], [column]: value } }))}
                      />
                    ) : (
                      text(row.values[column]) || "–"
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {mayMend && (
        <Button mt="xs" size="sm" loading={start.isPending} onClick={() => void again()}>
          {t("import.again", { count: rows.length })}
        </Button>
      )}
    </>
  );
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
