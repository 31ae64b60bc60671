import { Select } from '@mantine/core'

interface ChoiceProps<T extends string> {
  label: string
  /** Shown when nothing is chosen. */
  any: string
  value: T | undefined
  options: { value: T; label: string }[]
  onChange: (value: T | undefined) => void
  width?: number
}

/** A filter with one value or none. */
export function Choice<T extends string>({ label, any, value, options, onChange, width = 170 }: ChoiceProps<T>) {
  return (
    <Select
      aria-label={label}
      placeholder={any}
      value={value ?? null}
      data={options}
      clearable
      searchable={options.length > 12}
      allowDeselect
      w={{ base: 'calc(50% - 5px)', xs: width }}
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      comboboxProps={{ shadow: 'md' }}
      onChange={(next) => onChange(options.find((option) => option.value === next)?.value)}
    />
  )
}
