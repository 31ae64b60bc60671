import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { idFrom } from '../lib/policy.ts'
import { policy, putObject, type ObjectKind } from '../queries/policy.ts'
import { useAct } from './useAct.tsx'

/** A new object of the policy: its id follows from its name until saved. */
export function useCreate<T extends { id: string; name: string }>(
  kind: ObjectKind,
  start: T,
  onDone: (id: string) => unknown,
) {
  const revision = useQuery(policy).data?.revision
  const [draft, setDraft] = useState(start)
  const save = useAct((object: T) => putObject(kind, object.id, object, revision ?? 0), {
    says: 'Saved.',
    onDone: () => onDone(draft.id),
    quiet: true,
  })
  return {
    draft,
    dirty: draft.id !== '',
    change: (part: Partial<T>) =>
      setDraft((before) => {
        const next = { ...before, ...part }
        return { ...next, id: idFrom(next.name) }
      }),
    discard: () => {
      setDraft(start)
      save.reset()
    },
    save: () => save.mutate(draft),
    saving: save.isPending,
    error: save.error,
  }
}
