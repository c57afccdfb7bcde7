import { NavLink, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "../../../words/translator";
import type { Operation } from "../../../model/openapi";
import { Method } from "./method";

interface Props {
  operations: Operation[];
  chosen: string | undefined;
  onChoose: (id: string) => void;
}

/** All operations by what they are about, with a search over paths and descriptions. */
export function Operations({ operations, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const wanted = typed.toLowerCase().split(/\s+/);
  const found = operations.filter((each) => wanted.every((word) => `${each.method} ${each.path} ${each.summary}`.toLowerCase().includes(word)));
  const tags = [...new Set(found.map((each) => each.tag))];
  const isOpen = (tag: string) => typed !== "" || operations.find((each) => each.id === chosen)?.tag === tag;
  return (
    <Stack gap="xs" component="nav" aria-label={t("api.operations")}>
      <TextInput size="xs" label={t("api.search")} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      <Text size="xs" c="dimmed" aria-live="polite">
        {t("api.count", { count: found.length })}
      </Text>
      <div className="rk-scroll">
        {tags.map((tag) => (
          <NavLink key={`${tag} ${isOpen(tag)}`} component="button" type="button" label={tag} defaultOpened={isOpen(tag)} childrenOffset={8}>
            {found.filter((each) => each.tag === tag).map((each) => (
              <NavLink
                key={each.id}
                component="button"
                type="button"
                active={each.id === chosen}
                leftSection={<Method name={each.method} />}
                label={<span className="rk-mono rk-break">{each.path.replace(/^\/api\/[^/]+/, "")}</span>}
                description={each.summary}
                onClick={() => onChoose(each.id)}
              />
            ))}
          </NavLink>
        ))}
      </div>
    </Stack>
  );
}
