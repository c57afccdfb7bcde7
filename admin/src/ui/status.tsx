import { Badge } from "@mantine/core";

const COLOURS: Record<string, string> = {
  running: "blue", waiting: "blue", pending: "blue", retrying: "orange", queued: "gray", completed: "teal", delivered: "teal",
  sent: "teal", done: "teal", ok: "teal", approved: "teal", closed: "teal", failed: "red", error: "red", rejected: "red", disabled: "red",
  open: "orange", half_open: "orange", timed_out: "orange", escalated: "orange", returned: "orange", seat_approved: "teal", seat_rejected: "red", on_true: "teal", on_false: "orange", cancelled: "gray", skipped: "gray",
};

/** A state as a coloured word; the word itself says everything. */
export function Status({ value, label = value }: { value: string; label?: string }) {
  return (
    <Badge variant="dot" color={COLOURS[value] ?? "gray"} tt="none" miw="max-content">
      {label}
    </Badge>
  );
}
