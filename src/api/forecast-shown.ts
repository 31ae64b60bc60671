/** A forecast's comings and goings in words. */
import { standing, type PersonState } from '../domain/person.ts'
import { shortName } from '../domain/sentence.ts'
import type { ForecastPerson, ForecastReason } from '../store/forecast.ts'
import type { PlanShown } from '../store/plan-views.ts'
import type { Lexicon } from './names.ts'

export function shownForecast(plan: Pick<PlanShown, 'asOf' | 'madeAt'>, people: ForecastPerson[], reasons: ForecastReason[], names: Lexicon, max: number) {
  return {
    asOf: plan.asOf, madeAt: plan.madeAt, more: people.length > max || reasons.length > max,
    people: people.slice(0, max).map((p) => ({
      person: { id: p.id, name: p.name }, was: p.was as PersonState, becomes: p.becomes as PersonState, says: deed(p),
      at: p.becomes === 'ended' ? standing(p.positions, plan.asOf, names.policy.settings.timeZone).endedAt ?? p.at : p.at,
    })),
    reasons: reasons.slice(0, max).map((r) => ({ person: { id: r.id, name: r.name }, happens: r.happens, at: r.at, says: saysOf(r, names) })),
  }
}

function deed({ was, becomes }: Pick<ForecastPerson, 'was' | 'becomes'>): string {
  if (becomes === 'ended') return 'Leaves'
  if (becomes === 'on-leave') return 'Goes on leave'
  return was === 'on-leave' ? 'Returns' : 'Starts'
}

function saysOf(reason: ForecastReason, names: Lexicon): string {
  const what = reason.entitlement === null ? `The role "${names.role(reason.roleId ?? '')}"` : `${shortName(reason.entitlement)} in ${names.system(reason.systemId ?? '')}`
  if (reason.kind === 'grace') return `${what}: kept after a move until then`
  return `${what} ${reason.happens}`
}
