/** What is wrong now. Each finding is open once per thing, and resolved when a look of the same extent no longer finds it. */
import type { Finding } from '../domain/plan.ts'
import type { Db } from './database.ts'

/** How far a look went: what it did not look at, it does not resolve. */
export type FindingScope = { kind: 'all' } | { kind: 'jobs'; jobs: string[] } | { kind: 'people'; people: string[] }

export async function recordFindings(db: Db, scope: FindingScope, findings: Finding[], now: string): Promise<void> {
  const byKey = await openFindings(db, findings, now)
  const within = { all: '$4::text[] is null', jobs: 'job_id = any ($4::text[])', people: 'person_id = any ($4::uuid[])' }[scope.kind]
  await db.query(
    `update finding set resolved_at = $2 where resolved_at is null and key <> all ($1::text[]) and code <> all ($3::text[]) and ${within}`,
    [[...byKey.keys()], now, ownFindings, scope.kind === 'jobs' ? scope.jobs : scope.kind === 'people' ? scope.people : null])
}

async function openFindings(db: Db, findings: Finding[], now: string): Promise<Map<string, Finding>> {
  const byKey = new Map(findings.map((f) => [keyOf(f), f]))
  if (byKey.size === 0) return byKey
  const rows = [...byKey].map(([key, f]) => ({
    key, code: f.code, severity: f.severity ?? 'warning', system_id: f.system ?? null, job_id: f.job ?? null,
    person_id: f.person ?? null, message: f.message, details: f.details ?? {},
  }))
  await db.query(
    `insert into finding (key, code, severity, system_id, job_id, person_id, message, details, first_seen_at, last_seen_at)
     select f.key, f.code, f.severity, f.system_id, f.job_id, f.person_id, f.message, f.details, $2, $2
       from jsonb_to_recordset($1::jsonb) as f
         (key text, code text, severity text, system_id text, job_id text, person_id uuid, message text, details jsonb)
     on conflict (key) where resolved_at is null do update
       set severity = excluded.severity, message = excluded.message, details = excluded.details, last_seen_at = excluded.last_seen_at`,
    [JSON.stringify(rows), now])
  return byKey
}

/** People whom a record fits that fits somebody else, too, as it was found when everybody was looked at: what is said of them, for this job. */
export async function sharedMatches(db: Db, jobId: string, people: string[]): Promise<Map<string, Pick<Finding, 'code' | 'message' | 'details'>>> {
  const { rows } = await db.query<{ personId: string; code: string; message: string; details: Record<string, unknown> }>(
    `select person_id as "personId", code, message, details from finding
      where person_id = any ($1::uuid[]) and resolved_at is null and code = 'MATCH_AMBIGUOUS' and job_id = $2 and details ? 'people'`, [people, jobId])
  return new Map(rows.map(({ personId, ...finding }) => [personId, finding]))
}

/** Found by somebody else than a plan, who alone can say that they are over. */
const ownFindings = ['LEAVER_OVERDUE', 'BRAKE_ERROR_RATE', 'SYSTEM_AWAY', 'DISK_NEARLY_FULL']

/** All that is wrong of one kind now; what was and is not among it any more is resolved. */
export async function recordOwnFindings(db: Db, code: string, findings: Finding[], now: string): Promise<void> {
  await openFindings(db, findings, now)
  await db.query('update finding set resolved_at = $2 where resolved_at is null and code = $3 and key <> all ($1::text[])', [findings.map(keyOf), now, code])
}

/** What makes two findings the same thing: where it was found, and its own key or else its words. */
export function keyOf(finding: Finding): string {
  return [finding.code, finding.system, finding.job, finding.person, finding.key ?? finding.message].map((part) => part ?? '').join('/')
}
