/** Mantine's looks on the router's links, with typed paths. */
import {
  Anchor,
  Button,
  NavLink,
  UnstyledButton,
  type AnchorProps,
  type ButtonProps,
  type NavLinkProps,
} from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

type Native<Props> = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Props> & { ref?: Ref<HTMLAnchorElement> }

/** A link within words. */
export const TextLink = createLink(({ className, ...props }: AnchorProps & Native<AnchorProps>) => (
  <Anchor inherit underline="never" className={`inline ${typeof className === 'string' ? className : ''}`} {...props} />
))
/** A link that stands alone: the name of what a row is about. */
export const NameLink = createLink((props: AnchorProps & Native<AnchorProps>) => <Anchor inherit fw={560} {...props} />)
export const ButtonLink = createLink((props: ButtonProps & Native<ButtonProps>) => <Button component="a" {...props} />)
export const SideLink = createLink((props: NavLinkProps & Native<NavLinkProps>) => <NavLink component="a" {...props} />)
export const BareLink = createLink((props: Native<object>) => <UnstyledButton component="a" {...props} />)
