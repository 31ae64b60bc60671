/**
 * Stories that chance would seldom tell: each seed lives through two of them, a step a day, beside all that happens anyway.
 * The first seeds tell one each in their order, of people and of plans by turns, and another one besides. Where a plot is
 * added at the end of its list, nearly all seeds tell what they told before.
 */
import { createHash } from 'node:crypto'
import { plotsOfPeople } from './plots-of-people.ts'
import { plotsOfPlans } from './plots-of-plans.ts'
import type { Plot } from './story.ts'
import type { World } from './world.ts'

const plots = [...plotsOfPeople, ...plotsOfPlans]

export function drawPlots(world: World): Plot[] {
  const turn = world.seed - 1
  const own = (turn % 2 === 0 ? plotsOfPeople[turn / 2] : plotsOfPlans[(turn - 1) / 2]) ?? fittest(world.seed, plots)
  return [own, fittest(world.seed, plots.filter((plot) => plot !== own))].map((plot) => plot(world))
}

/** Of these, the one whose name goes best with the seed. */
function fittest<T extends { name: string }>(seed: number, all: T[]): T {
  const fit = ({ name }: T): string => createHash('sha256').update(`${seed} ${name}`).digest('hex')
  return all.reduce((best, one) => (fit(one) > fit(best) ? one : best))
}

export const plotDaysMax = 3
