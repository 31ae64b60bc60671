/** Loads, for a batch of (person, job) pairs, all that `domain/decide.ts` needs to know. A fixed number of queries per batch. */
import { escapeLiteral } from 'pg'
import type { Because } from '../domain/plan.ts'
import type { Attributes } from '../domain/value.ts'
import type { SeenAccount } from '../domain/decide.ts'
import type { LivingException } from '../domain/exception.ts'
import type { Pair } from './compare.ts'
import { together, type Db } from './database.ts'
import { endedReasons } from './ended-reason.ts'
import { livingExceptions } from './exception.ts'
import { relations, type EvaluatedRows, type Layer } from './overlay.ts'
import { endWaits } from './person-end.ts'

export interface DesiredRow extends Pair {
  wanted: 'enabled' | 'disabled' | 'broken' | null
  attributes: Attributes | null
  /** Null: none. */
  clear: string[] | null
  name: string | null
  matchedAccountId: string | null
  matchedBy: string | null
  personState: string
  /** Whether it was worked out from the person as they are: whoever changes somebody settles that in a step of its own. */
  isSettled: boolean
}

export interface LoadedFacts {
  desired: Map<string, DesiredRow>
  references: Map<string, Record<string, ReferredAccount | null>>
  /** `unwantedSince`: when its job's last reason for it ended; null while one lives, or if there never was one. */
  accounts: Map<string, SeenAccount & { disabledAt: string | null; unwantedSince: string | null }>
  matched: Map<string, SeenAccount>
  entitlements: Map<string, { id: string; objectType: string; nativeId: string; name: string; because: Because[] }[]>
  held: Map<string, { id: string; objectType: string; nativeId: string; name: string; origin: string }[]>
  /** How the last reason for what is held without one ended, by person and entitlement. */
  ended: Map<string, Because>
  exceptions: Map<string, LivingException[]>
}

/** The account that a reference points to: `there`, or still to be created under this name. */
export interface ReferredAccount {
  name: string
  there: boolean
}

export const pairKey = (pair: Pair): string => `${pair.personId} ${pair.jobId}`

/**
 * A batch is small and the tables are large, so each pair is looked up by its key: `offset 0` keeps PostgreSQL from
 * reading whole tables instead, which it takes for cheaper as long as it has not counted rows that just came.
 */
export async function loadFacts(db: Db, layer: Layer, asOf: string, pairs: Pair[], holders: { systemId: string; jobId: string }[]): Promise<LoadedFacts> {
  const r = relations(layer, '$3')
  const ids = [pairs.map((p) => p.personId), pairs.map((p) => p.jobId), asOf]
  const batch = `unnest($1::uuid[], $2::text[]) as pair (person_id, job_id)`

  // Who was ended by hand a moment ago is ended, although the lane has not come to them.
  const state = layer === 'stored' ? `case when ${endWaits('p.id', '$3')} then 'ended' else p.state end` : 'p.state'
  const asked = async () => typeof layer === 'object' ? desiredOfFew(layer, pairs) : (await db.query<DesiredRow>(
    `select pair.person_id as "personId", pair.job_id as "jobId", d.wanted, d.attributes, nullif(d.clear, '{}') as clear, d.name,
            d.matched_account_id as "matchedAccountId", d.matched_by as "matchedBy", ${state} as "personState", p.is_settled as "isSettled"
       from ${batch}
       join lateral (select * from ${r.people} p where p.id = pair.person_id offset 0) p on true
       left join lateral (select * from ${r.desired} d where d.person_id = pair.person_id and d.job_id = pair.job_id offset 0) d on true
      where $3::timestamptz is not null`, ids)).rows

  const first = () => together(db, asked, () => accountsOf(db, pairs))
  const more = () => together(db,
    () => referredAccounts(db, layer, asOf, pairs), () => reasonedEntitlements(db, layer, asOf, pairs, holders), () => livingExceptions(db, [...new Set(pairs.map((p) => p.personId))], asOf))
  const [[desired, accounts], all] = layer === 'stored' ? [await first(), null] : await together(db, first, more)
  // Who has ended wants nothing, so there is nothing more to ask: leavers are not to wait for it.
  if (layer === 'stored' && desired.every((d) => d.personState === 'ended')) return await whatIsLeft(db, pairs, asOf, desired, accounts)
  const [references, entitlements, exceptions] = all ?? await more()

  const matchedIds = desired.flatMap((d) => (d.matchedAccountId === null ? [] : [d.matchedAccountId]))
  const matched = matchedIds.length === 0 ? { rows: [] } : await db.query<SeenAccount>(
    `select id, native_id as "nativeId", name, attributes, enabled, protected from account where id = any($1::bigint[]) and person_id is null and gone_at is null`, [matchedIds])

  const held = await heldBy(db, [...accounts.map((a) => a.id), ...matched.rows.map((a) => a.id)])
  const accountsByPair = new Map(accounts.map((row) => [pairKey(row), row]))
  const lacking = (pair: Pair): { personId: string; entitlementId: string }[] => {
    const key = pairKey(pair)
    const own = held.get(accountsByPair.get(key)?.id ?? '') ?? []
    if (own.length === 0) return []
    const reasoned = new Set(entitlements.get(key)?.map((e) => e.id))
    return own.filter((h) => !reasoned.has(h.id)).map((h) => ({ personId: pair.personId, entitlementId: h.id }))
  }

  const referencesByPair: LoadedFacts['references'] = new Map()
  for (const row of references) {
    const all = referencesByPair.get(pairKey(row)) ?? {}
    all[row.attribute] = row.name === null ? null : { name: row.name, there: row.there }
    referencesByPair.set(pairKey(row), all)
  }
  return {
    desired: new Map(desired.map((row) => [pairKey(row), row])),
    references: referencesByPair,
    accounts: accountsByPair, matched: new Map(matched.rows.map((row) => [row.id, row])), entitlements, held,
    // Only a plan tells how they ended; a change that is recomputed is the same change however they did.
    ended: layer === 'stored' ? new Map() : await endedReasons(db, asOf, pairs.flatMap(lacking)),
    exceptions: Map.groupBy(exceptions, pairKey) as LoadedFacts['exceptions'],
  }
}

type ReasonedEntitlement = LoadedFacts['entitlements'] extends Map<string, (infer One)[]> ? One : never

/** A living reason of a person, or, without a person, one thing that a role gives. */
interface GivenRow {
  personId: string | null
  kind: string
  roleId: string | null
  formerRoleId: string | null
  ruleId: string | null
  by: string | null
  until: string | null
  at: string | null
  systemId: string | null
  id: string | null
  objectType: string
  nativeId: string
  name: string
}

/** What the living reasons of these people give in the systems of the jobs, for those jobs that hold a system's entitlements. */
async function reasonedEntitlements(db: Db, layer: Layer, asOf: string, pairs: Pair[], holders: { systemId: string; jobId: string }[]): Promise<LoadedFacts['entitlements']> {
  const holding = new Map(holders.map((h) => [h.jobId, h.systemId]))
  const held = pairs.filter((p) => holding.has(p.jobId))
  const r = relations(layer, '$2')
  // Many people have the same roles: what a role gives comes once.
  const { rows } = await db.query<GivenRow>(
    `with living as materialized (
       select r.* from unnest($1::uuid[]) as w (person_id)
        cross join lateral (select * from ${r.reasons} r where r.person_id = w.person_id offset 0) r
         join lateral (select state from ${r.people} p where p.id = w.person_id offset 0) p on p.state <> 'ended')
     select r.person_id as "personId", r.kind, r.role_id as "roleId", r.former_role_id as "formerRoleId", r.rule_id as "ruleId",
            case when r.kind in ('role', 'manual') then r.made_by end as by,
            case when r.kind in ('manual', 'grace') then to_jsonb(r.valid_until) #>> '{}' end as until,
            case when r.kind = 'found' then to_jsonb(r.valid_from) #>> '{}' end as at,
            e.system_id as "systemId", e.id, e.object_type as "objectType", e.native_id as "nativeId", e.name
       from living r left join entitlement e on e.id = r.entitlement_id and e.system_id = any ($3) and e.gone_at is null
      where r.role_id is not null or e.id is not null
     union all
     select null, '', re.role_id, null, null, null, null, null, e.system_id, e.id, e.object_type, e.native_id, e.name
       from (select distinct role_id from living where role_id is not null) l
       join role_entitlement re on re.role_id = l.role_id
       join entitlement e on e.id = re.entitlement_id and e.system_id = any ($3) and e.gone_at is null`,
    [[...new Set(held.map((p) => p.personId))], asOf, [...new Set(held.map((p) => holding.get(p.jobId)))]])
  const [reasons, gifts] = [rows.filter((row) => row.personId !== null), rows.filter((row) => row.personId === null)]
  const giftsOf = new Map([...Map.groupBy(gifts, (row) => row.systemId)].map(([system, own]) => [system, Map.groupBy(own, (row) => row.roleId)]))
  const reasonsOf = Map.groupBy(reasons.map((row) => ({ ...row, because: becauseOf(row) })), (row) => row.personId!)
  return new Map(held.flatMap((pair) => {
    const system = holding.get(pair.jobId)!
    const given = new Map<string, { entitlement: GivenRow; because: Because[] }>()
    for (const reason of reasonsOf.get(pair.personId) ?? []) {
      const things = reason.roleId === null ? (reason.systemId === system ? [reason] : []) : giftsOf.get(system)?.get(reason.roleId) ?? []
      for (const thing of things) {
        const known = given.get(thing.id!)
        if (known === undefined) given.set(thing.id!, { entitlement: thing, because: [reason.because] })
        else known.because.push(reason.because)
      }
    }
    return given.size === 0 ? [] : [[pairKey(pair), [...given.values()].map(withReasons).sort((a, b) => (a.name < b.name ? -1 : 1))] as const]
  }))
}

/** With each way in which it is given once. */
function withReasons({ entitlement: { id, objectType, nativeId, name }, because: all }: { entitlement: GivenRow; because: Because[] }): ReasonedEntitlement {
  const because = all.length === 1 ? all : [...new Map(all.map((one) => [JSON.stringify(one), one]))].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  return { id: id!, objectType, nativeId, name, because }
}

function becauseOf({ kind, roleId, formerRoleId, ruleId, by, until, at }: GivenRow): Because {
  const role = roleId ?? formerRoleId
  return {
    because: ['rule', 'found', 'role', 'grace'].includes(kind) ? kind : 'manual', ...(role === null ? {} : { role }), ...(ruleId === null ? {} : { rule: ruleId }),
    ...(by === null ? {} : { by }), ...(until === null ? {} : { until }), ...(at === null ? {} : { at }),
  } as Because
}

/** The rows of the evaluation itself. */
function desiredOfFew({ people, accounts }: EvaluatedRows, pairs: Pair[]): DesiredRow[] {
  const states = new Map(people.map((p) => [p.person_id, p.state]))
  const wishes = new Map(accounts.map((a) => [pairKey({ personId: a.person_id, jobId: a.job_id }), a]))
  return pairs.filter((pair) => states.has(pair.personId)).map((pair) => {
    const wish = wishes.get(pairKey(pair))
    return {
      ...pair, personState: states.get(pair.personId)!, isSettled: true, wanted: wish?.wanted ?? null, attributes: wish?.attributes ?? null, clear: wish?.clear ?? null,
      name: wish?.name ?? null, matchedAccountId: wish?.matched_account_id ?? null, matchedBy: wish?.matched_by ?? null,
    }
  })
}

/** Of people who have ended. */
async function whatIsLeft(db: Db, pairs: Pair[], asOf: string, desired: DesiredRow[], accounts: AccountRow[]): Promise<LoadedFacts> {
  return {
    desired: new Map(desired.map((row) => [pairKey(row), row])), accounts: new Map(accounts.map((row) => [pairKey(row), row])),
    held: await heldBy(db, accounts.map((a) => a.id)),
    exceptions: Map.groupBy(await livingExceptions(db, pairs.map((p) => p.personId), asOf), pairKey) as LoadedFacts['exceptions'],
    references: new Map(), matched: new Map(), entitlements: new Map(), ended: new Map(),
  }
}

/** The same facts with what systems show now; what is wanted stays as it was when the batch was recomputed, and since when is not asked again. */
export async function seenAgain(db: Db, facts: LoadedFacts, pairs: Pair[]): Promise<LoadedFacts> {
  const accounts = await accountsOf(db, pairs, false)
  return { ...facts, accounts: new Map(accounts.map((row) => [pairKey(row), row])), held: await heldBy(db, accounts.map((a) => a.id)) }
}

type AccountRow = Pair & SeenAccount & { disabledAt: string | null; unwantedSince: string | null }

async function accountsOf(db: Db, pairs: Pair[], since = true): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(
    `select a.person_id as "personId", a.job_id as "jobId", a.id, a.native_id as "nativeId", a.name, a.attributes, a.enabled, a.protected, a.disabled_at as "disabledAt",
            ${since ? `(select case when bool_and(r.valid_until is not null) then max(r.valid_until) end
               from reason r where r.person_id = a.person_id and r.job_id = a.job_id and r.kind = 'scope')` : 'null'} as "unwantedSince"
       from unnest($1::uuid[], $2::text[]) as pair (person_id, job_id)
       join lateral (select * from account a where a.person_id = pair.person_id and a.job_id = pair.job_id and a.gone_at is null offset 0) a on true`,
    [pairs.map((p) => p.personId), pairs.map((p) => p.jobId)])
  return rows
}

async function heldBy(db: Db, accountIds: string[]): Promise<LoadedFacts['held']> {
  if (accountIds.length === 0) return new Map()
  const { rows } = await db.query<LoadedFacts['held'] extends Map<string, (infer Held)[]> ? Held & { accountId: string } : never>(
    `select m.account_id as "accountId", e.id, e.object_type as "objectType", e.native_id as "nativeId", e.name, m.origin
       from (select * from membership where account_id = any($1::bigint[]) offset 0) m join entitlement e on e.id = m.entitlement_id and e.gone_at is null order by e.name`, [accountIds])
  return Map.groupBy(rows, (row) => row.accountId)
}

/** What references point to. People are looked up by one attribute after the other, as only then an index helps. */
async function referredAccounts(db: Db, layer: Layer, asOf: string, pairs: Pair[]): Promise<(Pair & { attribute: string; name: string | null; there: boolean })[]> {
  const r = relations(layer, '$3')
  const rows = typeof layer === 'object' ? referencesOfFew(layer, pairs) : (await db.query<ReferenceRow>(
    `select x.person_id as "personId", x.job_id as "jobId", x.attribute, x.key_attribute as key, x.value
       from unnest($1::uuid[], $2::text[]) as pair (person_id, job_id)
       join lateral (select * from ${r.references} x where x.person_id = pair.person_id and x.job_id = pair.job_id offset 0) x on true
      where $3::timestamptz is not null`, [pairs.map((p) => p.personId), pairs.map((p) => p.jobId), asOf])).rows
  const found: (Pair & { attribute: string; name: string | null; there: boolean })[] = []
  for (const [key, own] of Map.groupBy(rows, (row) => row.key)) {
    const targets = await db.query<{ jobId: string; value: string; name: string | null; there: boolean }>(
      `select w.job_id as "jobId", w.value, coalesce(target.name, planned.name) as name, target.id is not null as there
         from (select distinct * from unnest($1::text[], $2::text[]) as w (job_id, value)) w
         join lateral (select id from ${r.people} p where p.attributes ->> ${escapeLiteral(key)} = w.value offset 0) p on true
         left join lateral (select * from account a where a.person_id = p.id and a.job_id = w.job_id and a.gone_at is null offset 0) target on true
         left join lateral (select * from ${r.desired} d where d.person_id = p.id and d.job_id = w.job_id and d.wanted <> 'broken' offset 0) planned on true
        where $3::timestamptz is not null`, [own.map((row) => row.jobId), own.map((row) => row.value), asOf])
    const byValue = Map.groupBy(targets.rows, (row) => `${row.jobId} ${row.value}`)
    for (const { personId, jobId, attribute, value } of own) {
      const target = byValue.get(`${jobId} ${value}`) ?? [{ name: null, there: false }]
      for (const { name, there } of target) found.push({ personId, jobId, attribute, name, there })
    }
  }
  return found
}

type ReferenceRow = Pair & { attribute: string; key: string; value: string }

function referencesOfFew({ references }: EvaluatedRows, pairs: Pair[]): ReferenceRow[] {
  const asked = new Set(pairs.map(pairKey))
  return references.map((x) => ({ personId: x.person_id, jobId: x.job_id, attribute: x.attribute, key: x.key_attribute, value: x.value })).filter((row) => asked.has(pairKey(row)))
}
