import { Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Props = Omit<ButtonProps, "href"> & AnchorHTMLAttributes<HTMLAnchorElement> & { ref?: Ref<HTMLAnchorElement> };

/** A link that looks like a button; `to`, `params` and `search` are those of the router. */
export const LinkButton = createLink((props: Props) => <Button component="a" {...(props as ButtonProps)} />);
