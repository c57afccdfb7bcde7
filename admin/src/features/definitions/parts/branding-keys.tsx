/** How an app looks to those who use it: its colour and its logo. */

import { Button, FileButton, Group, Input, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import { type KeyProps, useLabel } from "./keys";
import { useKey, useProblem } from "./scope";

const NO_COLOUR = "#4263eb";
const MAX_LOGO_BYTES = 64 * 1024;
const PICTURES = "image/png,image/jpeg,image/webp,image/gif,image/svg+xml";

export function ColourKey(props: KeyProps) {
  const { t } = useTranslation();
  const [value, set] = useKey(props.name);
  const label = useLabel(props);
  return (
    <Input.Wrapper size="xs" label={label} error={useProblem(props.name)}>
      <Group gap="xs" wrap="nowrap">
        <input type="color" className="rk-colour" aria-label={label} value={typeof value === "string" ? value : NO_COLOUR} onChange={(event) => set(event.currentTarget.value)} />
        <Text size="xs" className="rk-mono">
          {typeof value === "string" ? value : t("settings.default")}
        </Text>
        {typeof value === "string" && (
          <Button size="compact-xs" variant="subtle" onClick={() => set(null)}>
            {t("action.clear")}
          </Button>
        )}
      </Group>
    </Input.Wrapper>
  );
}

/** A picture that is kept within the document. */
export function LogoKey(props: KeyProps) {
  const { t } = useTranslation();
  const [value, set] = useKey(props.name);
  const [isTooLarge, setTooLarge] = useState(false);
  const refused = useProblem(props.name);
  const read = (file: File | null) => {
    setTooLarge(file !== null && file.size > MAX_LOGO_BYTES);
    if (!file || file.size > MAX_LOGO_BYTES) return;
    const reader = new FileReader();
    reader.onload = () => set(reader.result);
    reader.readAsDataURL(file);
  };
  return (
    <Input.Wrapper size="xs" label={useLabel(props)} error={isTooLarge ? t("settings.logoTooLarge") : refused}>
      <Group gap="xs">
        {typeof value === "string" && <img src={value} alt={t("settings.logo")} className="rk-logo" />}
        <FileButton accept={PICTURES} onChange={read}>
          {(button) => (
            <Button {...button} size="compact-sm" variant="default">
              {t("settings.chooseLogo")}
            </Button>
          )}
        </FileButton>
        {typeof value === "string" && (
          <Button size="compact-xs" variant="subtle" onClick={() => set(null)}>
            {t("action.clear")}
          </Button>
        )}
      </Group>
    </Input.Wrapper>
  );
}
