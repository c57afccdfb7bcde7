import { Anchor, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../../words/translator";
import { timestampCell } from "../../../fields/moments";
import { Failed } from "../../../ui/failed";
import { Status } from "../../../ui/status";
import { jobsQuery } from "../queries";

/** Earlier imports, newest first; those that run are followed. */
export function JobList({ app, entity }: { app: string; entity: string }) {
  const { t } = useTranslation();
  const jobs = useQuery(jobsQuery(app, entity));
  if (jobs.error) return <Failed error={jobs.error} retry={() => void jobs.refetch()} />;
  if (jobs.data?.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("import.none")}
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table highlightOnHover aria-label={t("import.earlier")}>
        <Table.Thead>
          <Table.Tr>
            {["file", "kind", "status", "created", "updated", "refused", "started"].map((word) => (
              <Table.Th key={word}>{t(`import.${word}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(jobs.data ?? []).map((job) => (
            <Table.Tr key={job.id}>
              <Table.Td>
                <Anchor size="sm" component={Link} to={`/${app}/imports/${entity}/${job.id}`}>
                  {job.filename || job.id}
                </Anchor>
              </Table.Td>
              <Table.Td>{t(job.kind === "undo" ? "import.kindUndo" : job.dry_run ? "import.kindDry" : "import.kindImport")}</Table.Td>
              <Table.Td>
                <Status value={job.status} />
              </Table.Td>
              <Table.Td>{job.created}</Table.Td>
              <Table.Td>{job.updated}</Table.Td>
              <Table.Td>{job.refused}</Table.Td>
              <Table.Td>{timestampCell(job.created_at)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
