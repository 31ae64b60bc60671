/**
 * From the moment that somebody is ended until an independent probe is refused in each of ten real systems of three kinds
 * (two in Active Directory, four in OpenLDAP, four PostgreSQL servers): old sessions and new sign-ins, while reconciles of
 * everybody follow one another without a pause. The real process, its API, its database with `fsync`. There is no floor.
 */
import { ok, startLeaversWorld } from '../test/servers/leavers.ts'
import { below, type Figure } from './figure.ts'
import { stepsOf } from './leaver-steps.ts'

const limitSeconds = 1
/** The lane asks its questions again so often; what was laid out in bulk and counted since made PostgreSQL forget its plans for them. */
const drilledMs = 31_000

export async function run(people = Number(process.env['BENCH_PEOPLE'] ?? 100_000), leavers = 40): Promise<Figure[]> {
  const world = await startLeaversWorld({ people, leavers, durable: true })
  const seconds: number[] = []
  const clocks: number[] = []
  let reconciles = 0
  let over = false
  try {
    await world.pool.query('vacuum analyze')
    const big = (async () => {
      while (!over) {
        await world.reconcile()
        reconciles += 1
      }
    })()
    try {
      if (people >= 1000) await new Promise((resolve) => setTimeout(resolve, drilledMs))
      for (let n = 1; n <= leavers; n++) {
        const probe = await world.probe(n)
        const works = await probe.works()
        if (works.length !== 10) throw new Error(`Before they leave, ${works.length} of 10 systems let them in`)
        const id = world.person(n)
        const [started, pressedAt] = [performance.now(), Date.now()]
        const refused = probe.refused(started)
        await ok(world.usher.api.POST('/api/people/{id}/end', { params: { path: { id } }, body: {} }))
        const bySystem = await refused
        seconds.push(Math.max(...Object.values(bySystem)) / 1000)
        if (process.env['BENCH_VERBOSE'] !== undefined) {
          console.error(n, Math.round(seconds.at(-1)! * 1000), Object.entries(bySystem).map(([s, ms]) => `${s} ${Math.round(ms)}`).join(' '), '|', await stepsOf(world.pool, id, pressedAt))
        }
        await probe.close()
      }
    } finally {
      over = true
      await big
    }
    if (reconciles === 0) throw new Error('No reconcile was under way')
    for (let looks = 0; ; looks++) {
      const { rows } = await world.pool.query<{ seconds: number | null }>('select extract(epoch from gone_at - started_at)::float8 as seconds from leaver')
      if (rows.length === leavers && rows.every((r) => r.seconds !== null)) {
        clocks.push(...rows.map((r) => r.seconds!))
        break
      }
      if (looks > 300) throw new Error('Some clock never stopped')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  } finally {
    await world.stop()
  }
  const during = `during reconciles of ${people.toLocaleString('en')}`
  return [
    below(`${leavers} leavers ${during}, probe refused in 10 systems: p99`, percentile(seconds, 99), 's', limitSeconds),
    below(`${leavers} leavers ${during}, clock stopped: p99`, percentile(clocks, 99), 's', limitSeconds),
  ]
}

function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)]!
}
