import { Group, List, Text } from "@mantine/core";
import { useTranslation } from "../../../words/translator";
import { usePeople } from "../../../api/people";
import { timestampCell } from "../../../fields/moments";
import { type Approval, type Instance, type Seat, countSeats, inWords, peopleIn } from "../../../model/tasks";
import { Status } from "../../../ui/status";

/** The seats of an approval: whom each means, who has decided, and how many more it takes. */
export function Seats({ app, instance, approval }: { app: string; instance: Instance; approval: Approval }) {
  const { t } = useTranslation();
  const people = peopleIn(instance, usePeople(app));
  const { approved, rejected, open } = countSeats(approval.seats);
  return (
    <>
      <Text size="sm">{t("tasks.count", { needed: approval.needed, approved, rejected, open })}</Text>
      <List size="sm" spacing={6} listStyleType="none" aria-label={t("flow.seats")}>
        {approval.seats.map((seat) => (
          <List.Item key={seat.id}>
            <Group gap={8}>
              <Text size="sm" fw={600} component="span" className="rk-break">
                {seatName(seat) || t("flow.deciders.anyone")}
              </Text>
              <Status value={seat.decision ?? "open"} label={t(`flow.status.${seat.decision ?? "open"}`)} />
              {seat.override && <Text size="xs" component="span" fw={600}>{t("tasks.overridden")}</Text>}
              {seat.at && (
                <Text size="xs" c="dimmed" component="span">
                  {[seat.by && people.get(seat.by), seat.on_behalf_of && t("tasks.for", { who: people.get(seat.on_behalf_of) ?? "–" }), timestampCell(seat.at)].filter(Boolean).join(" ")}
                </Text>
              )}
            </Group>
            {seat.comment && <Text size="sm" className="rk-break">“{seat.comment}”</Text>}
            {Object.entries(seat.form ?? {}).map(([name, value]) => (
              <Text size="sm" key={name} className="rk-break">
                {name}: {inWords(value)}
              </Text>
            ))}
          </List.Item>
        ))}
      </List>
    </>
  );
}

/** Whom a seat means. */
export function seatName(seat: Seat): string {
  const who = [seat.role, ...(seat.roles ?? []), ...(seat.users ?? []).map((user) => user.email)].filter(Boolean).join(", ");
  return seat.label ? (who ? `${seat.label} (${who})` : seat.label) : who;
}
