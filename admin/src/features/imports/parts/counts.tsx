import { Group, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import type { ImportJob } from "../queries";

const WORDS = { import: ["created", "updated", "refused"], undo: ["done"] } as const;

/** The numbers of a job, as the server counts them. */
export function Counts({ job }: { job: ImportJob }) {
  const { t, i18n } = useTranslation();
  const number = (value: number) => value.toLocaleString(i18n.language);
  return (
    <Group gap="lg" role="status">
      {WORDS[job.kind].map((name) => (
        <div key={name}>
          <Text size="xl" fw={700} {...(name === "refused" && job.refused > 0 ? { c: "var(--mantine-color-error)" } : {})}>
            {number(job[name])}
          </Text>
          <Text size="sm" c="dimmed">
            {t(job.kind === "undo" ? "import.takenBack" : job.dry_run ? `import.would.${name}` : `import.${name}`)}
          </Text>
        </div>
      ))}
      <Text size="sm" c="dimmed">
        {job.rows === null ? t("import.reading") : t("import.ofRows", { done: number(job.done), rows: number(job.rows) })}
      </Text>
    </Group>
  );
}
