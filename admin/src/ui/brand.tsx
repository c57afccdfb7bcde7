import { Anchor, Group } from "@mantine/core";
import type { Branding } from "../api/branding";

/** The logo of an app; its name stands beside it, so it says nothing itself. */
export function Logo({ branding }: { branding: Branding | undefined }) {
  return branding?.logo ? <img src={branding.logo} alt="" className="rk-logo" /> : null;
}

/** The links that an app shows to everybody. */
export function BrandLinks({ branding }: { branding: Branding | undefined }) {
  if (!branding?.links?.length) return null;
  return (
    <Group gap="sm">
      {branding.links.map((link) => (
        <Anchor key={link.url} href={link.url} target="_blank" rel="noreferrer" size="sm">
          {link.label}
        </Anchor>
      ))}
    </Group>
  );
}
