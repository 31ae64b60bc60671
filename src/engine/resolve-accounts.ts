/** From what jobs want of people's accounts to rows: names given, records of nobody recognised, references told apart. */
import type { DesiredAccount, Evaluation } from '../domain/evaluate.ts'
import { UsherError } from '../domain/errors.ts'
import type { Finding } from '../domain/plan.ts'
import type { Attributes } from '../domain/value.ts'
import { together, type Client } from '../store/database.ts'
import { sharedMatches } from '../store/finding.ts'
import { matchAccounts } from '../store/match.ts'
import { giveUpMeant, reservationsOf, reserve } from '../store/name.ts'
import { chooseNames, lostNames, textOf, type Fresh, type Problem, type Reserved } from './choose-names.ts'
import { expand, openNames } from './names.ts'
import type { PreparedJob } from './prepared-job.ts'

export interface ResolvedAccount {
  personId: string
  jobId: string
  systemId: string
  wanted: 'enabled' | 'disabled' | 'broken'
  attributes: Attributes
  clear: string[]
  references: Record<string, { key: string; value: string }>
  name: string
  matchedId: string | null
  matchedBy: string | null
}

export interface Passing {
  planId: string
  now: string
  /** Account id → person that claimed it, over all batches. */
  claimed: Map<string, string>
  /** Names chosen in this pass: `system attribute value`. */
  chosen: Set<string>
  findings: Finding[]
  /** Not everybody is looked at who may fit a record. */
  partial: boolean
  /** Ends when those who came before are in the overlay. */
  laid: Promise<void>
}

/** What people have already: attributes of their accounts, by `person job`, and reserved names, by `person job attribute`. */
export interface Present {
  linked: Map<string, Attributes>
  reserved: Map<string, Reserved>
  /** Whether a plan reserved some of the names and has not used them yet. */
  meant: boolean
}

export async function presentOf(client: Client, people: string[]): Promise<Present> {
  const [linked, reservations] = await together(client, () => linkedAttributes(client, people), () => reservationsOf(client, people))
  return { linked, reserved: new Map(reservations.map((r) => [`${r.personId} ${r.jobId} ${r.attribute}`, { value: r.value, meant: r.planId !== null }])), meant: reservations.some((r) => r.planId !== null) }
}

/** Whoever finds that a plan made at the same time took the name chooses again: the unique index decides, and nobody waits for anybody. */
export async function resolveAccounts(client: Client, jobs: Map<string, PreparedJob>, evaluations: Evaluation[], passing: Passing, known?: Present): Promise<ResolvedAccount[]> {
  const present = known ?? await presentOf(client, evaluations.map((e) => e.personId))
  const { resolved, fresh } = await resolveOnce(client, jobs, evaluations, passing, present)
  // Nothing else may be under way: a name that is taken takes back what was asked with it.
  await passing.laid
  await giveUpMeant(client, fresh.filter((f) => f.instead))
  const taken = await reserve(client, fresh, passing.planId, passing.now)
  const again = new Set(taken.filter((t) => !t.had).map((t) => t.personId))
  if (again.size === 0) return resolved
  return [
    ...resolved.filter((one) => !again.has(one.personId)),
    ...await resolveAccounts(client, jobs, evaluations.filter((e) => again.has(e.personId)), passing),
  ]
}

async function resolveOnce(
  client: Client, jobs: Map<string, PreparedJob>, evaluations: Evaluation[], passing: Passing, { linked, reserved }: Present,
): Promise<{ resolved: ResolvedAccount[]; fresh: Fresh[] }> {
  const wanted = evaluations.flatMap((e) => e.accounts.filter((a) => a.wanted !== 'none').map((account) => ({ personId: e.personId, account })))
  const resolved: ResolvedAccount[] = []
  const fresh: Fresh[] = []
  for (const [jobId, group] of Map.groupBy(wanted, (w) => w.account.job.id)) {
    const prepared = jobs.get(jobId)!
    const matches = await findMatches(client, prepared, group.filter((w) => !linked.has(`${w.personId} ${jobId}`)), passing)
    const firsts: Record<string, string[]> = {}
    for (const { personId, account } of group) {
      for (const [attribute, candidates] of Object.entries(account.candidates)) {
        if (!reserved.has(`${personId} ${jobId} ${attribute}`)) (firsts[attribute] ??= []).push(...expand(candidates, 1))
      }
    }
    const names = openNames(client, prepared.job.destination, passing.chosen)
    for (const [attribute, values] of Object.entries(firsts)) await names.ask(attribute, values)
    const attributesOf = (personId: string): Attributes | null => linked.get(`${personId} ${jobId}`) ?? matches.get(personId)?.attributes ?? null
    const lost = await lostNames(client, prepared, group, attributesOf, reserved)
    for (const { personId, account } of group) {
      const match = matches.get(personId)
      const present = attributesOf(personId)
      const one: ResolvedAccount = {
        personId, jobId, systemId: prepared.job.destination, wanted: account.wanted as 'enabled' | 'disabled', attributes: { ...account.set }, clear: account.clear,
        references: {}, name: '', matchedId: match?.id ?? null, matchedBy: match?.by ?? null,
      }
      const problem = match?.problem ?? await chooseNames(one, prepared, account, present, { reserved, lost, names, fresh }) ?? brokenBecause(account, prepared, one)
      const isBroken = (found: Problem): void => {
        one.wanted = 'broken'
        passing.findings.push({ ...found, system: one.systemId, job: jobId, person: personId })
      }
      if (problem !== null) isBroken(problem)
      for (const [attribute, key] of Object.entries(prepared.referenceKeys)) {
        const value = one.attributes[attribute]
        delete one.attributes[attribute]
        if (value !== undefined) one.references[attribute] = { key, value: String(value) }
      }
      for (const secret of prepared.type.attributes.filter((a) => a.secret === true)) delete one.attributes[secret.name]
      const unnamed = problem === null ? giveName(one, prepared) ?? (present === null ? protectedName(one, prepared) : null) : null
      if (unnamed !== null) isBroken(unnamed)
      resolved.push(one)
    }
  }
  return { resolved, fresh }
}

function brokenBecause(account: DesiredAccount, prepared: PreparedJob, one: ResolvedAccount): Problem | null {
  const failure = account.failures[0]
  if (failure !== undefined) return { code: 'EXPRESSION_FAILED', message: `${prepared.job.name}, ${failure.attribute}: ${failure.message}` }
  const missing = prepared.type.attributes.find((a) => a.required === true && a.secret !== true && one.attributes[a.name] === undefined)
  if (missing !== undefined) return { code: 'REQUIRED_EMPTY', message: `${prepared.job.name}: ${missing.title ?? missing.name} is required and has no value.` }
  return null
}

/** A record that cannot be named is the trouble of one person. */
function giveName(one: ResolvedAccount, prepared: PreparedJob): Problem | null {
  try {
    one.name = prepared.nameOf(one.attributes)
    return null
  } catch (error) {
    if (!(error instanceof UsherError)) throw error
    return { code: error.code, message: `${prepared.job.name}: ${error.message}` }
  }
}

/** What is never touched is not made either: nobody could end it. */
function protectedName(one: ResolvedAccount, prepared: PreparedJob): Problem | null {
  if (!prepared.isProtected(one.name)) return null
  return { code: 'PROTECTED', message: `${prepared.job.name}: ${one.name} is protected by the policy, so no account is made by that name.` }
}

interface FoundMatch {
  id: string
  by: string
  attributes: Attributes
  problem: Problem | null
}

/** For people without an account: the record that the first fitting match attribute points to. Two of either kind is a case for a person. */
async function findMatches(client: Client, prepared: PreparedJob, people: { personId: string; account: DesiredAccount }[], passing: Passing): Promise<Map<string, FoundMatch>> {
  const found = new Map<string, FoundMatch>()
  for (const attribute of prepared.job.match) {
    const wishes = people.filter((p) => !found.has(p.personId)).flatMap(({ personId, account }) => {
      const value = textOf(account.set[attribute]) ?? account.candidates[attribute]?.[0]
      return value === undefined || value === '' ? [] : [{ personId, value }]
    })
    if (wishes.length === 0) continue
    const hits = await matchAccounts(client, prepared.job.destination, prepared.job.objectType, attribute, wishes)
    const attributes = new Map<string, Attributes>()
    if (hits.length > 0) {
      const { rows } = await client.query<{ id: string; attributes: Attributes }>('select id, attributes from account where id = any($1::bigint[])', [hits.map((h) => h.accountId)])
      for (const row of rows) attributes.set(row.id, row.attributes)
    }
    const shared = passing.partial && hits.length > 0 ? await sharedMatches(client, prepared.job.id, hits.map((h) => h.personId)) : new Map<string, Problem>()
    for (const [personId, own] of Map.groupBy(hits, (h) => h.personId)) {
      const id = own[0]!.accountId
      const other = passing.claimed.get(id) ?? hits.find((h) => h.accountId === id && h.personId !== personId)?.personId
      const fitsTwo = (those: [string, string]): Problem => (
        { code: 'MATCH_AMBIGUOUS', message: `${prepared.job.name}: a record fits this person by ${attribute}, and another person too.`, details: { account: id, people: those } })
      // Those of this batch are told of each other, and have no rows yet.
      if (other !== undefined && !people.some((p) => p.personId === other)) {
        await passing.laid
        if (await breakClaim(client, other, prepared.job.id)) passing.findings.push({ ...fitsTwo([personId, other]), system: prepared.job.destination, job: prepared.job.id, person: other })
      }
      const problem: Problem | null = own.length > 1
        ? { code: 'MATCH_AMBIGUOUS', message: `${prepared.job.name}: ${own.length} records have the same ${attribute} as this person. Make it unique, or link one by hand.` }
        : other !== undefined && other !== personId ? fitsTwo([other, personId]) : shared.get(personId) ?? null
      passing.claimed.set(id, personId)
      found.set(personId, { id, by: attribute, attributes: attributes.get(id) ?? {}, problem })
    }
  }
  return found
}

/** Somebody of an earlier batch claimed the record alone; now nobody does. Returns whether they had it until now. */
async function breakClaim(client: Client, personId: string, jobId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `update eval_account set wanted = 'broken', matched_account_id = null, matched_by = null where person_id = $1 and job_id = $2 and matched_account_id is not null`, [personId, jobId])
  return rowCount !== 0
}

async function linkedAttributes(client: Client, personIds: string[]): Promise<Map<string, Attributes>> {
  const { rows } = await client.query<{ key: string; attributes: Attributes }>(
    `select person_id || ' ' || job_id as key, attributes from account where person_id = any($1) and gone_at is null`, [personIds])
  return new Map(rows.map((row) => [row.key, row.attributes]))
}
