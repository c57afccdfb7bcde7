import { Button, Drawer, Kbd, Loader, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../words/translator";
import { Icon } from "../ui/icons";
import { Markdown } from "../ui/markdown";
import { followed } from "./help-topics";

const FOLDER = "../../../docs/reference/";
const PAGES = import.meta.glob<string>("../../../docs/reference/**/*.md", { query: "?raw", import: "default" });

const SHORTCUTS: [string[], string][] = [
  [["Ctrl", "K"], "help.keyPalette"],
  [["?"], "help.keyHelp"],
  [["Ctrl", "Enter"], "help.keySend"],
  [["Ctrl", "Z"], "help.keyUndo"],
  [["Ctrl", "Shift", "Z"], "help.keyRedo"],
  [["Ctrl", "Space"], "help.keyComplete"],
  [["F2"], "help.keyCell"],
  [["Space"], "help.keySelect"],
  [["Esc"], "help.keyClose"],
];

/** The help of a screen, beside it. */
export default function HelpPanel({ topic, onClose }: { topic: string; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [trail, setTrail] = useState([topic]);
  const page = trail.at(-1)!;
  const load = PAGES[FOLDER + page];
  const text = useQuery({ queryKey: ["help", page], queryFn: () => (load ? load() : null), staleTime: Infinity });
  const follow = (to: string) => {
    const next = followed(page, to);
    if (next && PAGES[FOLDER + next]) setTrail([...trail, next]);
  };
  return (
    <Drawer opened onClose={onClose} title={t("help.title")} position={i18n.dir() === "rtl" ? "left" : "right"} size="lg" closeButtonProps={{ "aria-label": t("help.close") }}>
      <Stack>
        <Shortcuts />
        {trail.length > 1 && (
          <Button size="compact-sm" variant="default" w="fit-content" leftSection={<Icon name="back" size={14} />} onClick={() => setTrail(trail.slice(0, -1))}>
            {t("help.back")}
          </Button>
        )}
        {text.isPending && <Loader size="sm" aria-label={t("shell.loading")} />}
        {text.data && (
          <div lang="en" dir="ltr">
            <Markdown text={text.data} onFollow={follow} />
          </div>
        )}
        {text.data === null && <Text size="sm">{t("help.none")}</Text>}
      </Stack>
    </Drawer>
  );
}

function Shortcuts() {
  const { t } = useTranslation();
  return (
    <section>
      <Title order={2} size="h5" mb={4}>
        {t("help.shortcuts")}
      </Title>
      <Table fz="sm" withRowBorders={false} verticalSpacing={2}>
        <Table.Tbody>
          {SHORTCUTS.map(([keys, word]) => (
            <Table.Tr key={word}>
              <Table.Td w={150}>
                <span dir="ltr">
                  {keys.map((key) => (
                    <Kbd key={key} size="xs" me={4}>
                      {key}
                    </Kbd>
                  ))}
                </span>
              </Table.Td>
              <Table.Td>{t(word)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
