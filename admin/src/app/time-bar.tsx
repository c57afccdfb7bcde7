import { Button, Group, Popover, Stack, Text, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAt } from "../api/moment";
import { Icon } from "../ui/icons";
import { HeaderButton } from "./header-button";

/** Local date and time as an input of type datetime-local has it. */
function asInput(at: string | undefined): string {
  const moment = at === undefined || /^\d+$/.test(at) ? new Date() : new Date(at);
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function useGo() {
  const navigate = useNavigate();
  return (at: string | undefined) => void navigate({ to: ".", search: ((before: Record<string, unknown>) => ({ ...before, at })) as never });
}

/** The button that puts all screens of records on a past moment. */
export function TimeButton() {
  const { t } = useTranslation();
  const at = useAt();
  const go = useGo();
  const [opened, setOpened] = useState(false);
  const [typed, setTyped] = useState(asInput(at));
  const open = () => {
    setTyped(asInput(at));
    setOpened(true);
  };
  const submit = () => {
    const moment = new Date(typed);
    if (Number.isNaN(moment.getTime())) return;
    go(moment.toISOString());
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <HeaderButton icon="clock" label={at === undefined ? t("time.now") : t("time.past")} onClick={() => (opened ? setOpened(false) : open())} />
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Stack gap="xs">
            <TextInput size="xs" type="datetime-local" step={1} label={t("time.moment")} description={t("time.help")} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
            <Button type="submit" size="xs">
              {t("time.go")}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Says that the past is shown, and leads back. */
export function TimeBar() {
  const { t, i18n } = useTranslation();
  const at = useAt();
  const go = useGo();
  if (at === undefined) return null;
  const shown = /^\d+$/.test(at) ? t("time.commit", { position: at }) : new Date(at).toLocaleString(i18n.language, { dateStyle: "medium", timeStyle: "medium" });
  return (
    <Group className="rk-bar" role="status" gap="sm" px="md" py={6}>
      <Icon name="clock" size={16} />
      <Text size="sm">{t("time.shown", { at: shown })}</Text>
      <Button size="compact-xs" variant="white" color="dark" onClick={() => go(undefined)}>
        {t("time.back")}
      </Button>
    </Group>
  );
}
