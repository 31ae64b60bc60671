/** Looking at the records that a batch is about, before and after it is written. */
import type { Page, Wanted } from '../connectors/connector.ts'
import { settleLookup, type Asked, type Seen } from '../store/observed.ts'
import type { ChangeRow } from '../store/batch.ts'
import type { Tried } from '../store/creation.ts'
import { pairsOf, type Hands } from './carry-out-hands.ts'
import { creationOf, lookedForBy } from './created-before.ts'
import { lookUp } from './look-up.ts'

/** What a batch has to see first: the accounts that its people have, whether the names to be created are free, and what was perhaps created already. */
export async function wantedBefore(hands: Hands, changes: ChangeRow[], tried: Map<string, Tried>): Promise<Wanted[]> {
  const pairs = pairsOf(changes)
  const { rows } = await hands.context.pool.query<{ personId: string; jobId: string; objectType: string; nativeId: string }>(
    `select a.person_id as "personId", a.job_id as "jobId", a.object_type as "objectType", a.native_id as "nativeId"
       from unnest($1::uuid[], $2::text[]) as u (person_id, job_id)
       join lateral (select * from account a where a.person_id = u.person_id and a.job_id = u.job_id and a.gone_at is null offset 0) a on true`,
    [pairs.map((p) => p.personId), pairs.map((p) => p.jobId)])
  const linked = new Set(rows.map((r) => `${r.personId} ${r.jobId}`))
  return [
    ...new Map(rows.map((r) => [r.nativeId, { objectType: r.objectType, id: r.nativeId }])).values(),
    ...changes.filter((c) => c.kind === 'create' && !linked.has(`${c.personId} ${c.jobId}`)).flatMap((c) => {
      const known = tried.get(`${c.personId} ${c.jobId}`)
      return [{ objectType: c.objectType!, name: c.subject }, ...(known === undefined ? [] : lookedForBy(hands.deciding.jobs, creationOf(c, known.answered)))]
    }),
  ]
}

/** The records that are about to become somebody's. */
export async function wantedToLink({ context }: Hands, changes: ChangeRow[]): Promise<Wanted[]> {
  const { rows } = await context.pool.query<{ objectType: string; id: string }>(
    'select object_type as "objectType", native_id as id from account where id = any($1::bigint[]) order by id', [changes.map((c) => c.accountId)])
  return rows
}

/** Looks for a batch, and settles what was seen; who was asked for by id and is not there is gone. */
export async function look(hands: Hands, wanted: Wanted[], batchId: string): Promise<Page> {
  const seen = await see(hands, wanted)
  await settleLookup(hands.context.pool, hands.system.id, seen, hands.context.now(), batchId)
  return seen.page
}

/** Looks only: the caller settles what was seen, together with what follows from it. `taken`: what Usher has just taken, by native id. */
export async function see(hands: Hands, wanted: Wanted[], taken: Map<string, Asked> = new Map()): Promise<Seen> {
  const asked = wanted.flatMap((w) => ('id' in w ? [taken.get(w.id) ?? { objectType: w.objectType, id: w.id }] : []))
  return await lookUp(hands.context, hands, wanted, asked)
}
