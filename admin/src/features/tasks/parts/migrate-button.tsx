import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Instance } from "../../../model/tasks";

const MigrateDialog = lazy(() => import("./migrate-dialog"));

interface Props {
  app: string;
  instances: Instance[];
  size?: "xs" | "compact-sm";
  onDone?: () => void;
}

/** Moves instances of one workflow to another version of it. */
export function MigrateButton({ app, instances, size = "compact-sm", onDone }: Props) {
  const { t } = useTranslation();
  const [asking, ask] = useState(false);
  const isOneWorkflow = new Set(instances.map((each) => each.workflow_id)).size === 1;
  return (
    <>
      <Button size={size} variant="default" disabled={!isOneWorkflow} title={isOneWorkflow ? undefined : t("migrate.oneWorkflow")} onClick={() => ask(true)}>
        {t("migrate.act")}
      </Button>
      {asking && (
        <Suspense fallback={null}>
          <MigrateDialog
            app={app}
            instances={instances}
            onClose={(isDone) => {
              ask(false);
              if (isDone) onDone?.();
            }}
          />
        </Suspense>
      )}
    </>
  );
}
