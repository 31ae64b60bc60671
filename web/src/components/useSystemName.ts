import { useQuery } from '@tanstack/react-query'
import { systems } from '../queries/system.ts'

/** Id of a system → its name; one that is not known any more shows its id. */
export function useSystemName(): (id: string) => string {
  const all = useQuery(systems).data?.items
  return (id) => all?.find((system) => system.id === id)?.name ?? id
}
