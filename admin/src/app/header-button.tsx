import { Button, Kbd } from "@mantine/core";
import type { Ref } from "react";
import { Icon, type IconName } from "../ui/icons";

interface Props {
  icon: IconName;
  label: string;
  onClick?: () => void;
  disabled?: boolean;
  shortcut?: string;
  ref?: Ref<HTMLButtonElement>;
}

/** A button of the header. On a phone it is its icon alone. */
export function HeaderButton({ icon, label, shortcut, ...rest }: Props) {
  return (
    <Button variant="default" size="compact-sm" {...rest}>
      <Icon name={icon} size={14} />
      <span className="rk-wide">{label}</span>
      {shortcut && (
        <Kbd size="xs" className="rk-wide rk-wide-only" aria-hidden="true">
          {shortcut}
        </Kbd>
      )}
    </Button>
  );
}
