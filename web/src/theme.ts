/** One accent, quiet greys, small type that is easy to read. Contrast is at least 4.5:1 for all text, in light and dark. */
import {
  Alert, Badge, Button, Card, createTheme, Modal, Notification, type CSSVariablesResolver, type MantineColorsTuple, NumberInput, PasswordInput, Select,
  Switch, Table, Tabs, Textarea, TextInput, Tooltip,
} from '@mantine/core'

const petrol: MantineColorsTuple = [
  '#eaf6f9', '#d5ebf1', '#a9d6e2', '#79bfd2', '#52abc5', '#379fbd', '#2490b0', '#0f7594', '#07637f', '#00516a',
]
const gray: MantineColorsTuple = [
  '#f7f9fa', '#eff2f4', '#e5e9ec', '#d9dfe3', '#c5cdd3', '#9aa5ae', '#6d7984', '#4d5862', '#323b43', '#1c2329',
]
const dark: MantineColorsTuple = [
  '#dbe1e6', '#b9c2ca', '#98a4ae', '#77838e', '#333d47', '#28313a', '#1b2229', '#12181d', '#0d1216', '#080c0f',
]

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: 7,
  colors: { petrol, gray, dark },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: '"Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
      h4: { fontSize: '0.875rem', lineHeight: '1.4' },
    },
  },
  components: {
    Alert: Alert.extend({ styles: { label: { color: 'var(--mantine-color-text)' } } }),
    Badge: Badge.extend({ defaultProps: { radius: 'sm', variant: 'light' }, styles: { label: { textTransform: 'none' } } }),
    Button: Button.extend({ defaultProps: { size: 'sm' }, styles: { root: { fontWeight: 560 } } }),
    Card: Card.extend({ defaultProps: { withBorder: true, padding: 'md', radius: 'md' } }),
    Modal: Modal.extend({ styles: { title: { fontSize: '1.0625rem', fontWeight: 620 } }, defaultProps: { centered: true, radius: 'md', overlayProps: { backgroundOpacity: 0.45, blur: 2 } } }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } }),
    NumberInput: NumberInput.extend({ defaultProps: { size: 'sm' } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: 'sm' } }),
    Select: Select.extend({ defaultProps: { size: 'sm', allowDeselect: false } }),
    Switch: Switch.extend({ defaultProps: { size: 'sm' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 7, horizontalSpacing: 'sm' } }),
    Tabs: Tabs.extend({ defaultProps: { keepMounted: false } }),
    Textarea: Textarea.extend({ defaultProps: { size: 'sm' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'sm' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: true, multiline: true, maw: 320 } }),
  },
})

/** What differs from Mantine's own variables, mostly for contrast. Tones are ours: a text and a ground for each meaning. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#59646e',
    '--mantine-color-placeholder': '#69747e',
    '--mantine-color-error': '#b3202f',
    '--mantine-color-anchor': '#07637f',
    '--mantine-color-red-filled': '#b3202f',
    '--mantine-color-red-filled-hover': '#961926',
    '--usher-ground': '#f7f9fa',
    '--usher-line': '#e3e8eb',
    '--usher-hover': '#f1f5f7',
    '--usher-code': '#f4f6f8',
    '--tone-neutral': '#4d5862', '--tone-neutral-ground': '#eef1f3',
    '--tone-info': '#07637f', '--tone-info-ground': '#e2f2f7',
    '--tone-good': '#156239', '--tone-good-ground': '#e3f4e9',
    '--tone-warn': '#834700', '--tone-warn-ground': '#fdf0da',
    '--tone-bad': '#a31d2b', '--tone-bad-ground': '#fce9eb',
  },
  dark: {
    '--mantine-color-dimmed': '#98a4ae',
    '--mantine-color-placeholder': '#8c98a3',
    '--mantine-color-error': '#ff9a9f',
    '--mantine-color-anchor': '#79c9df',
    '--mantine-color-red-filled': '#b3202f',
    '--mantine-color-red-filled-hover': '#961926',
    '--usher-ground': '#0d1216',
    '--usher-line': '#28313a',
    '--usher-hover': '#1b2229',
    '--usher-code': '#1b2229',
    '--tone-neutral': '#b9c2ca', '--tone-neutral-ground': '#262f38',
    '--tone-info': '#85d0e5', '--tone-info-ground': '#0d2e3a',
    '--tone-good': '#84d8a4', '--tone-good-ground': '#12311f',
    '--tone-warn': '#f2bb6e', '--tone-warn-ground': '#37270d',
    '--tone-bad': '#ff9fa4', '--tone-bad-ground': '#40181c',
  },
})
