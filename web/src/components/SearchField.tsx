import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'

/** A search field that waits until one stops typing. `/` goes to it. What is typed never becomes part of an address. */
export function SearchField({
  label,
  onSearch,
  width = 280,
}: {
  label: string
  onSearch: (text: string) => void
  width?: number
}) {
  const [text, setText] = useState('')
  const search = useDebouncedCallback(onSearch, 200)
  const change = (next: string) => {
    setText(next)
    search(next.trim())
  }
  return (
    <TextInput
      data-search
      aria-label={label}
      placeholder={label}
      type="text"
      value={text}
      w={{ base: '100%', xs: width }}
      autoComplete="off"
      leftSection={<IconSearch size={15} aria-hidden />}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
      rightSection={
        text === '' ? undefined : <CloseButton size="sm" aria-label="Clear the search" onClick={() => change('')} />
      }
    />
  )
}
