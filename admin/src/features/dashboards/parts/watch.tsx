import { useDebouncedCallback } from "@mantine/hooks";
import { useLive } from "../../../api/live";

const SETTLED_MS = 800;
const NOTHING = new URLSearchParams();

/** Says when records of an entity have changed, once for many at once. Shows nothing. */
export function Watch({ app, entity, onChange }: { app: string; entity: string; onChange: () => void }) {
  const tell = useDebouncedCallback(onChange, SETTLED_MS);
  useLive(app, entity, NOTHING, true, tell, { onGap: tell });
  return null;
}
