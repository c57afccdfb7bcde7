import { Group } from "@mantine/core";
import { ChoiceKey, EntityKey, FieldKey, SuggestedKey, TextKey, ValueKey } from "./keys";
import { Rows } from "./rows";
import { useScope } from "./scope";

const MACHINE_ACTIONS = ["set_field", "create_record", "update_record", "delete_record", "webhook", "send_event", "send_notification"];
const METHODS = ["POST", "PUT", "PATCH", "GET", "DELETE"];

interface Props {
  name: string;
  /** The entity whose record is at hand; without it an action names one. */
  entity?: string;
  types?: readonly string[];
}

/** What happens: a list of actions, each with the keys of its type. */
export function ActionRows({ name, entity, types = MACHINE_ACTIONS }: Props) {
  return (
    <Rows name={name} label="actions.title" add="actions.add" blank={{ type: types[0]! }}>
      {() => (
        <Group gap="xs" align="flex-end">
          <ActionKeys types={types} {...(entity === undefined ? {} : { entity })} />
        </Group>
      )}
    </Rows>
  );
}

function ActionKeys({ entity, types }: { entity?: string; types: readonly string[] }) {
  const { document, onChange } = useScope();
  const type = document["type"];
  return (
    <>
      <ChoiceKey name="type" label="key.actionType" values={types} required w={160} onPick={(picked) => picked && onChange({ type: picked })} />
      {type === "set_field" && entity === undefined && (
        <>
          <EntityKey name="entity" required w={160} />
          <SuggestedKey name="record_id" values={["context.record"]} required w={180} />
        </>
      )}
      {type === "set_field" && (
        <>
          <FieldKey name="field" entity={entity ?? document["entity"]} required w={160} />
          <ValueKey name="value" w={180} />
        </>
      )}
      {(type === "create_record" || type === "update_record" || type === "delete_record") && <EntityKey name="entity" required w={160} />}
      {(type === "update_record" || type === "delete_record") && <TextKey name="record_id" required w={200} />}
      {(type === "create_record" || type === "update_record") && <ValueKey name="fields" w={280} />}
      {type === "webhook" && (
        <>
          <TextKey name="url" required w={260} />
          <ChoiceKey name="method" values={METHODS} w={110} />
        </>
      )}
      {type === "send_event" && (
        <>
          <TextKey name="event" required w={180} />
          <ValueKey name="payload" w={260} />
        </>
      )}
      {type === "send_notification" && (
        <>
          <ChoiceKey name="channel" values={["email", "in_app"]} required w={120} />
          <ValueKey name="template" w={260} />
          <ValueKey name="to" w={200} />
        </>
      )}
    </>
  );
}
