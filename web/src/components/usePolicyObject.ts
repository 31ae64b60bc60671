import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { policy, putObject, type ObjectKind } from '../queries/policy.ts'
import { useAct } from './useAct.tsx'

/**
 * An object of the policy being edited: `draft` until saved. A save starts from the revision that the draft was begun on, so
 * that somebody else's edit meanwhile is found.
 */
export function usePolicyObject<T extends object>(kind: ObjectKind, id: string, stored: T | undefined) {
  const revision = useQuery(policy).data?.revision
  const [edit, setEdit] = useState<{ draft: T; base: number }>()
  const save = useAct((draft: T) => putObject(kind, id, draft, edit?.base ?? revision ?? 0), {
    says: 'Saved.',
    onDone: () => setEdit(undefined),
    quiet: true,
  })
  return {
    draft: edit?.draft ?? stored,
    dirty: edit !== undefined,
    change: (part: Partial<T>) => {
      const before = edit?.draft ?? stored
      if (before !== undefined) setEdit({ draft: { ...before, ...part }, base: edit?.base ?? revision ?? 0 })
    },
    discard: () => {
      setEdit(undefined)
      save.reset()
    },
    save: () => {
      if (edit) save.mutate(edit.draft)
    },
    saving: save.isPending,
    error: save.error,
  }
}
