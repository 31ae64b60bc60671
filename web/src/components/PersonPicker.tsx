import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { findPeople } from '../queries/person.ts'

interface PersonPickerProps {
  label: string
  onPick: (id: string | undefined) => void
  description?: string
}

/** Picks one person by name, e-mail or employee id. */
export function PersonPicker({ label, onPick, description }: PersonPickerProps) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState<{ value: string; label: string }>()
  const [asked] = useDebouncedValue(text.trim(), 150)
  const found = useQuery(findPeople(asked)).data?.items ?? []
  const options = found.map((p) => ({ value: p.id, label: p.employeeId ? `${p.name} (${p.employeeId})` : p.name }))
  const data = chosen === undefined || options.some((o) => o.value === chosen.value) ? options : [chosen, ...options]
  return (
    <Select
      label={label}
      description={description}
      placeholder="A name, an e-mail address, an employee id"
      searchable
      searchValue={text}
      onSearchChange={setText}
      data={data}
      filter={({ options }) => options}
      value={chosen?.value ?? null}
      nothingFoundMessage="Nobody by that name"
      maw={420}
      onChange={(id) => {
        setChosen(data.find((o) => o.value === id))
        onPick(id ?? undefined)
      }}
    />
  )
}
