/** First passwords: made once per account, encrypted, reused on retry, shown once, then shredded. */
import { randomBytes } from 'node:crypto'
import { UsherError } from '../domain/errors.ts'
import { appendAudit } from '../store/audit.ts'
import { transaction } from '../store/database.ts'
import type { ChangeRow } from '../store/batch.ts'
import type { Context } from './context.ts'
import type { PreparedJob } from './prepared-job.ts'

/** Passwords for accounts that are about to be created, by `personId jobId`. */
export async function firstPasswords(context: Context, creates: ChangeRow[], jobs: Map<string, PreparedJob>): Promise<Map<string, string>> {
  const wanting = creates.filter((change) => {
    const prepared = jobs.get(change.jobId!)
    return prepared?.job.initialPassword === 'generate' && prepared.type.operations.includes('set-secret')
  })
  if (wanting.length === 0) return new Map()
  const draw = drawer()
  const fresh = wanting.map((c) => ({ personId: c.personId!, jobId: c.jobId!, systemId: c.systemId, password: makePassword(draw) }))
  const { rows } = await context.pool.query<{ key: string }>(
    `insert into handover (account_system, person_id, job_id, envelope, made_at)
     select *, $5::timestamptz from unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[]) on conflict (person_id, job_id) do update
       set envelope = excluded.envelope, made_at = excluded.made_at, shown_at = null, shown_to = null where handover.envelope is null
     returning person_id || ' ' || job_id as key`,
    [fresh.map((f) => f.systemId), fresh.map((f) => f.personId), fresh.map((f) => f.jobId),
      fresh.map((f) => context.vault.seal(f.password, sealContext(f.personId, f.jobId))), context.now()])
  const made = new Set(rows.map((row) => row.key))
  const [stored, older] = [true, false].map((is) => fresh.filter((f) => made.has(`${f.personId} ${f.jobId}`) === is)) as [typeof fresh, typeof fresh]
  return new Map([...stored.map((f): [string, string] => [`${f.personId} ${f.jobId}`, f.password]), ...await earlierPasswords(context, older)])
}

/** Made by an attempt that did not get as far as handing them over: they stay the same. */
async function earlierPasswords(context: Context, pairs: { personId: string; jobId: string }[]): Promise<[string, string][]> {
  if (pairs.length === 0) return []
  const { rows } = await context.pool.query<{ personId: string; jobId: string; envelope: Buffer }>(
    `select person_id as "personId", job_id as "jobId", envelope from handover h
       join unnest($1::uuid[], $2::text[]) as u (person_id, job_id) using (person_id, job_id) where envelope is not null`,
    [pairs.map((p) => p.personId), pairs.map((p) => p.jobId)])
  return rows.map((row) => [`${row.personId} ${row.jobId}`, context.vault.open(row.envelope, sealContext(row.personId, row.jobId))])
}

/** Shows a first password to whoever hands it over, once; afterwards nobody can read it again. */
export async function showPassword(context: Context, personId: string, jobId: string, actor: string): Promise<string> {
  return await transaction(context.pool, async (client) => {
    const { rows } = await client.query<{ envelope: Buffer }>(
      `select h.envelope from handover h join account a on a.person_id = h.person_id and a.job_id = h.job_id and a.gone_at is null
        where h.person_id = $1 and h.job_id = $2 and h.envelope is not null for update of h`, [personId, jobId])
    if (rows[0] === undefined) throw new UsherError('NOT_FOUND', 'There is no first password to show: it was shown already, or the account is not there yet.')
    const password = context.vault.open(rows[0].envelope, sealContext(personId, jobId))
    await client.query(`update handover set envelope = null, shown_at = $3, shown_to = $4 where person_id = $1 and job_id = $2`, [personId, jobId, context.now(), actor])
    await appendAudit(client, [{ at: context.now(), actor, action: 'password.shown', subject: `person:${personId}`, detail: { job: jobId } }])
    return password
  })
}

const sealContext = (personId: string, jobId: string): string => `handover:${personId}:${jobId}`

const letters = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '-_.+!']

const all = letters.join('')

/** 20 characters of all four kinds, none that look alike: about 115 bits. */
function makePassword(draw: (below: number) => number): string {
  const characters = [...letters, ...Array.from({ length: 16 }, () => all)].map((from) => from[draw(from.length)]!)
  for (let i = characters.length - 1; i > 0; i--) {
    const j = draw(i + 1)
    ;[characters[i], characters[j]] = [characters[j]!, characters[i]!]
  }
  return characters.join('')
}

/** Draws numbers below a bound, each as likely as the other; asks for random bytes once for many passwords. */
function drawer(): (below: number) => number {
  let bytes = randomBytes(4096)
  let at = 0
  const byte = (): number => {
    if (at === bytes.length) [bytes, at] = [randomBytes(4096), 0]
    return bytes[at++]!
  }
  return (below) => {
    const fair = 256 - 256 % below
    for (;;) {
      const drawn = byte()
      if (drawn < fair) return drawn % below
    }
  }
}
