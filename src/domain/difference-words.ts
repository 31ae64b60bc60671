/** What is different where a change was computed anew and is not the one that was reviewed, in a sentence for its list. */
import type { DecidedChange } from './decide.ts'
import { text } from './sentence.ts'
import { canonical, type Attributes } from './value.ts'

interface Sides { before: Attributes | null; after: Attributes | null }

/** "Since the plan was made: title is Boss, it was Clerk." `now`: undefined where nothing of the kind is left to do. */
export function differenceWords(planned: Sides, now: Pick<DecidedChange, 'before' | 'after'> | undefined): string {
  if (now === undefined) return 'Nothing of this kind is to be done any more.'
  const sides = [planned.before, planned.after, now.before, now.after]
  const names = [...new Set(sides.flatMap((side) => Object.keys(side ?? {})))].toSorted()
  const parts = names.flatMap((name) => {
    const differs = (side: keyof Sides): boolean => canonical(planned[side]?.[name] ?? null) !== canonical(now[side]?.[name] ?? null)
    if (differs('before')) return [`${name} is ${said(now.before?.[name])}, it was ${said(planned.before?.[name])}`]
    return differs('after') ? [`${name} would become ${said(now.after?.[name])} instead of ${said(planned.after?.[name])}`] : []
  })
  return `Since the plan was made: ${parts.join('; ') || 'it is about something else'}.`
}

function said(value: unknown): string {
  return text(value) || 'empty'
}
