import { Group, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
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
      <Table.ScrollContainer minWidth={360}>
        <Table fz="sm" aria-label={t("flow.seats")}>
          <Table.Tbody>
            {approval.seats.map((seat) => (
              <Table.Tr key={seat.id}>
                <Table.Td>{seatName(seat) || t("flow.deciders.anyone")}</Table.Td>
                <Table.Td>
                  <Group gap={6}>
                    <Status value={seat.decision ?? "open"} />
                    {seat.override && <Text size="xs" fw={600}>{t("tasks.overridden")}</Text>}
                  </Group>
                </Table.Td>
                <Table.Td>
                  {seat.by && people.get(seat.by)} {seat.on_behalf_of && t("tasks.for", { who: people.get(seat.on_behalf_of) ?? "–" })}
                  {seat.at && <Text size="xs" c="dimmed">{timestampCell(seat.at)}</Text>}
                </Table.Td>
                <Table.Td className="rk-break">
                  {seat.comment}
                  {Object.entries(seat.form ?? {}).map(([name, value]) => (
                    <div key={name}>
                      {name}: {inWords(value)}
                    </div>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

/** Whom a seat means. */
export function seatName(seat: Seat): string {
  const who = [seat.role, ...(seat.roles ?? []), ...(seat.users ?? []).map((user) => user.email)].filter(Boolean).join(", ");
  return seat.label ? (who ? `${seat.label} (${who})` : seat.label) : who;
}
