import { Button, Popover, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../words/translator";
import { useAt } from "../api/moment";
import { HeaderButton } from "./header-button";
import { useGo } from "./time-bar";

/** Local date and time as an input of type datetime-local has it. */
function asInput(at: string | undefined): string {
  const moment = at === undefined || /^\d+$/.test(at) ? new Date() : new Date(at);
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

/** The button that puts all screens of records on a past moment. */
export default function TimePicker() {
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
