import { useQuery } from '@tanstack/react-query'
import { systems } from '../../queries/system.ts'
import { Choice } from '../Choice.tsx'

/** A filter by system: those that people are provisioned to. */
export function SystemChoice({ value, onChange }: { value: string | undefined; onChange: (id: string | undefined) => void }) {
  const all = useQuery(systems).data?.items.filter((s) => s.destination) ?? []
  return (
    <Choice label="System" any="All systems" value={value} onChange={onChange} options={all.map((s) => ({ value: s.id, label: s.name }))} />
  )
}
