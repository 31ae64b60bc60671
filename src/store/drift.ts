/**
 * Drift: what was right in a system and is not any more, although nothing that Usher knows of changed. Found among the
 * changes of a plan: what policy wants is what it wanted before, and an earlier plan saw it so, or made it so.
 */
import type { DecidedChange } from '../domain/decide.ts'
import type { Thing } from '../domain/exception.ts'
import { canonical } from '../domain/value.ts'
import type { Client, Db } from './database.ts'
import { relations, type EvaluatedRows, type Layer } from './overlay.ts'

export interface DriftLook {
  planId: string
  policyRevision: number
  asOf: string
  /** Account jobs that the plan compared, and those of them whose accounts hold the memberships of their systems. */
  jobs: string[]
  holders: string[]
  /** Null: everybody. */
  only: string[] | null
  layer: Exclude<Layer, 'stored'>
}

/**
 * The same for a few people. What policy wants anew cannot have drifted, and that is nearly all: false where there is nothing
 * else to look at.
 */
export async function recordDriftOfFew(client: Client, look: Omit<DriftLook, 'layer'> & { only: string[]; rows: EvaluatedRows }, changes: DecidedChange[]): Promise<boolean> {
  const { only, rows, ...rest } = look
  if (!(await mayHaveDrifted(client, look.planId, only, rows, changes))) return false
  await recordDrift(client, { ...rest, only, layer: rows })
  return true
}

async function mayHaveDrifted(client: Client, planId: string, people: string[], laid: EvaluatedRows, changes: DecidedChange[]): Promise<boolean> {
  const grants = changes.filter((c) => c.kind === 'grant')
  const { rows: [row] } = await client.query<{ known: boolean; accounts: Wish[] | null; references: EvaluatedRows['references'] | null }>(
    `select exists (select from drift where person_id = any($1::uuid[]) and settled_at is null)
         or exists (select from account a join membership m on m.account_id = a.id and m.origin = 'unknown' where a.person_id = any($1::uuid[]))
         or exists (
           select from unnest($2::uuid[], $3::text[], $4::bigint[]) as g (person_id, job_id, entitlement_id)
            where exists (select from plan_change c where c.person_id = g.person_id and c.job_id = g.job_id and c.entitlement_id = g.entitlement_id and c.stage = 2 and c.plan_id <> $5)
               or exists (select from reason r left join role_entitlement re on re.role_id = r.role_id
                           where r.person_id = g.person_id and coalesce(r.entitlement_id, re.entitlement_id) = g.entitlement_id)) as known,
            (select jsonb_agg(d) from desired_account d where d.person_id = any($1::uuid[])) as accounts,
            (select jsonb_agg(d) from desired_reference d where d.person_id = any($1::uuid[])) as "references"`,
    [people, grants.map((c) => c.personId), grants.map((c) => c.jobId), grants.map((c) => c.entitlementId), planId])
  const before = wishesOf(row!.accounts ?? [], row!.references ?? [])
  const now = wishesOf(laid.accounts, laid.references)
  return row!.known || changes.some((change) => {
    const [was, is] = [before, now].map((wishes) => wishes.get(`${change.personId} ${change.jobId}`))
    const isSame = (of: (wish: WishedAccount | undefined) => unknown): boolean => canonical(of(was) ?? null) === canonical(of(is) ?? null)
    if (change.kind === 'enable' || change.kind === 'disable' || change.kind === 'create') return isSame((wish) => wish?.wanted ?? 'none')
    if (change.kind !== 'update' && change.kind !== 'rename') return false
    return Object.keys({ ...change.before, ...change.after }).some((name) => isSame((wish) => [wish?.attributes[name] ?? null, wish?.clear.includes(name) ?? false, wish?.references[name] ?? null]))
  })
}

type Wish = Pick<EvaluatedRows['accounts'][number], 'person_id' | 'job_id' | 'wanted' | 'attributes' | 'clear'>
type WishedAccount = Wish & { references: Record<string, string> }

/** What is wanted of accounts, by `person job`. */
function wishesOf(accounts: Wish[], references: EvaluatedRows['references']): Map<string, WishedAccount> {
  const wishes = new Map(accounts.map((a): [string, WishedAccount] => [`${a.person_id} ${a.job_id}`, { ...a, references: {} }]))
  for (const r of references) {
    const wish = wishes.get(`${r.person_id} ${r.job_id}`)
    if (wish !== undefined) wish.references[r.attribute] = `${r.key_attribute} ${r.value}`
  }
  return wishes
}

const keysOf = (change: string): string => `(coalesce(${change}.before, '{}') || coalesce(${change}.after, '{}'))`

/** Records what drifted, settles what is right again, and has the plan's changes say so. */
export async function recordDrift(client: Client, look: DriftLook): Promise<void> {
  const r = relations(look.layer, '$3')
  const within = (person: string): string => (look.only === null ? '$6::uuid[] is null' : `${person} = any($6::uuid[])`)
  await client.query(
    `with this as materialized (select number from plan where id = $1),
     looked as materialized (
       select j.job_id, p.number, p.as_of, p.policy_revision
         from unnest($4::text[]) as j (job_id)
         cross join lateral (
           select number, as_of, policy_revision from plan
            where number < (select number from this) and aim is null and (scope is null or scope ? 'jobs') and state in ('empty', 'open', 'held', 'approved', 'applying', 'stopped', 'applied', 'superseded')
              and (scope is null or scope -> 'jobs' ? j.job_id) order by number desc limit 1) p),
     thing as materialized (
       select c.id, c.person_id, c.job_id, c.system_id, c.account_id, c.kind, 'attribute' as thing, k.attribute, null::bigint as entitlement_id,
              c.after -> k.attribute as was, c.before -> k.attribute as is_now
         from plan_change c cross join lateral jsonb_object_keys(${keysOf('c')}) as k (attribute)
        where c.plan_id = $1 and c.stage = 2 and c.kind in ('update', 'rename')
       union all
       select c.id, c.person_id, c.job_id, c.system_id, c.account_id, c.kind, 'enabled', null, null, to_jsonb(c.kind = 'enable'), to_jsonb(c.kind = 'disable')
         from plan_change c where c.plan_id = $1 and c.stage = 2 and c.kind in ('enable', 'disable')
       union all
       select c.id, c.person_id, c.job_id, c.system_id, c.account_id, c.kind, 'entitlement', null, c.entitlement_id, 'true', 'false'
         from plan_change c where c.plan_id = $1 and c.stage = 2 and c.kind = 'grant'
       union all
       select c.id, c.person_id, c.job_id, c.system_id, gone.id, c.kind, 'account', null, null, to_jsonb(gone.name), null
         from plan_change c cross join lateral (
           select id, name from account a where a.person_id = c.person_id and a.job_id = c.job_id and a.gone_at is not null order by gone_at desc limit 1) gone
        where c.plan_id = $1 and c.stage = 2 and c.kind = 'create'),
     unexplained as materialized (
       select t.*, a.linked_at, f.number as looked_number, f.as_of as looked_at, f.policy_revision as looked_revision
         from thing t
         join account a on a.id = t.account_id and a.person_id = t.person_id and not a.protected
         left join looked f on f.job_id = t.job_id
         left join lateral (select * from ${r.desired} d where d.person_id = t.person_id and d.job_id = t.job_id offset 0) d on true
         left join desired_account s on s.person_id = t.person_id and s.job_id = t.job_id
         left join lateral (select * from ${r.references} x where x.person_id = t.person_id and x.job_id = t.job_id and x.attribute = t.attribute offset 0) x on true
         left join desired_reference y on y.person_id = t.person_id and y.job_id = t.job_id and y.attribute = t.attribute
        where case t.thing
                when 'attribute' then d.attributes -> t.attribute is not distinct from s.attributes -> t.attribute
                                  and coalesce(t.attribute = any(d.clear), false) = coalesce(t.attribute = any(s.clear), false)
                                  and (x.key_attribute, x.value) is not distinct from (y.key_attribute, y.value)
                                  -- A reference follows the account that it points to, which may have come or been renamed.
                                  and (x.value is null or exists (
                                    select from account target join person p on p.id = target.person_id and p.attributes ->> x.key_attribute = x.value
                                     where target.system_id = t.system_id and lower(target.name) = lower(t.was #>> '{}') and target.job_id = t.job_id
                                       and target.gone_at is null and target.linked_at < f.as_of
                                       and not exists (select from plan_change n where n.person_id = p.id and n.kind = 'rename' and n.state = 'done' and lower(n.subject) = lower(t.is_now #>> '{}'))))
                when 'entitlement' then true
                else coalesce(d.wanted, 'none') = coalesce(s.wanted, 'none')
              end),
     judged as materialized (
       select u.*, o.id as drift_id,
              case
                when l.number >= u.looked_number or u.looked_number is null then case when l.fits then l.done_at end
                when u.linked_at < u.looked_at and (u.thing <> 'entitlement' or u.looked_revision = $2 and exists (
                  select from reason g left join role_entitlement re on re.role_id = g.role_id
                   where g.person_id = u.person_id and coalesce(g.entitlement_id, re.entitlement_id) = u.entitlement_id
                     and g.valid_from <= u.looked_at and (g.valid_until is null or g.valid_until > $3))) then u.looked_at
                when l.fits then l.done_at
              end as right_at
         from unexplained u
         left join lateral (
           select p.number, c.done_at,
                  c.state = 'done' and case u.thing
                    when 'enabled' then c.kind = u.kind or c.kind = 'create' and (c.after ->> 'enabled' = 'true') = (u.kind = 'enable')
                    when 'entitlement' then c.kind = 'grant'
                    when 'account' then c.kind <> 'delete'
                    else true end as fits
             from plan_change c join plan p on p.id = c.plan_id
            where c.person_id = u.person_id and c.job_id = u.job_id and c.stage = 2 and p.number < (select number from this) and p.state <> 'forecast'
              and case u.thing
                    when 'attribute' then c.kind in ('update', 'rename', 'create') and ${keysOf('c')} ? u.attribute
                    when 'enabled' then c.kind in ('enable', 'disable', 'create')
                    when 'entitlement' then c.kind in ('grant', 'revoke') and c.entitlement_id = u.entitlement_id
                    else c.kind in ('create', 'delete', 'link') end
            order by p.number desc, c.id desc limit 1) l on true
         left join drift o on o.account_id = u.account_id and o.thing = u.thing and o.settled_at is null
               and o.attribute is not distinct from u.attribute and o.entitlement_id is not distinct from u.entitlement_id),
     drifting as materialized (
       select id as change_id, person_id, job_id, system_id, account_id, case thing when 'account' then 'gone' else 'changed' end as kind,
              thing, attribute, entitlement_id, was, is_now, right_at
         from judged where right_at is not null or drift_id is not null
       union all
       select c.id, a.person_id, a.job_id, a.system_id, a.id, 'extra', 'entitlement', null, m.entitlement_id, 'false', 'true',
              (select max(o.read_at) from observation o where o.system_id = a.system_id and o.state = 'complete' and o.read_at < m.seen_at)
         from membership m
         join account a on a.id = m.account_id and a.person_id is not null and a.gone_at is null and not a.protected and a.job_id = any($5::text[])
         join entitlement e on e.id = m.entitlement_id and e.gone_at is null
         left join plan_change c on c.plan_id = $1 and c.stage = 2 and c.kind = 'revoke' and c.account_id = a.id and c.entitlement_id = m.entitlement_id
        where m.origin = 'unknown' and ${within('a.person_id')}
          and not exists (select from ${r.reasons} g left join role_entitlement re on re.role_id = g.role_id
                           where g.person_id = a.person_id and coalesce(g.entitlement_id, re.entitlement_id) = m.entitlement_id)
          and not exists (select from exception x where x.person_id = a.person_id and x.job_id = a.job_id and x.entitlement_id = m.entitlement_id and x.keeps_access
                             and x.ended_at is null and (x.valid_until is null or x.valid_until > $3))),
     recorded as (
       insert into drift (system_id, job_id, person_id, account_id, kind, thing, attribute, entitlement_id, was, is_now, last_right_at, first_seen_at, last_seen_at)
       select system_id, job_id, person_id, account_id, kind, thing, attribute, entitlement_id, was, is_now, right_at, $3, $3 from drifting
       on conflict (account_id, thing, coalesce(attribute, ''), coalesce(entitlement_id, 0)) where settled_at is null
       do update set last_seen_at = excluded.last_seen_at, was = excluded.was, is_now = excluded.is_now),
     settled as (
       update drift d set settled_at = $3, settled_by = 'usher',
              settled_how = case when exists (select from thing t where t.account_id = d.account_id and t.thing = d.thing
                                                 and t.attribute is not distinct from d.attribute and t.entitlement_id is not distinct from d.entitlement_id) then 'explained' else 'agrees' end
        where d.settled_at is null and d.job_id = any($4::text[]) and ${within('d.person_id')}
          and not exists (select from drifting t where t.account_id = d.account_id and t.thing = d.thing
                             and t.attribute is not distinct from d.attribute and t.entitlement_id is not distinct from d.entitlement_id))
     update plan_change c set reasons = c.reasons || said.because
       from (select change_id, jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('because', 'drifted', 'found', to_jsonb($3::timestamptz), 'since', to_jsonb(min(right_at)),
                      'things', jsonb_agg(distinct case thing when 'attribute' then attribute when 'enabled' then 'its state' when 'account' then 'the account itself' else 'the membership' end)))) as because
               from drifting where change_id is not null group by 1) said
      where c.plan_id = $1 and c.id = said.change_id`,
    [look.planId, look.policyRevision, look.asOf, look.jobs, look.holders, look.only])
}

/** What a plan put right is settled with it. */
export async function settleDriftOf(client: Client, planId: string, now: string): Promise<void> {
  await client.query(
    `update drift d set settled_at = $2, settled_how = 'put-back', settled_by = coalesce(p.approved_by, p.made_by), plan_id = p.id
       from plan p join plan_change c on c.plan_id = p.id and c.state = 'done' and c.stage = 2
      where p.id = $1 and d.settled_at is null and d.person_id = c.person_id and d.job_id = c.job_id
        and case d.thing
              when 'attribute' then c.kind in ('update', 'rename') and ${keysOf('c')} ? d.attribute
              when 'enabled' then c.kind in ('enable', 'disable')
              when 'entitlement' then c.kind in ('grant', 'revoke') and c.entitlement_id = d.entitlement_id
              else c.kind = 'create' end`, [planId, now])
}

export interface DriftRow {
  id: string
  systemId: string
  jobId: string
  personId: string
  accountId: string
  kind: 'changed' | 'extra' | 'gone'
  thing: Thing
  attribute: string | null
  entitlementId: string | null
  isNow: unknown
}

/** Those of these that wait to be settled; locked where a transaction asks. */
export async function openDrift(db: Db, ids: string[], lock = ''): Promise<DriftRow[]> {
  const { rows } = await db.query<DriftRow>(
    `select id, system_id as "systemId", job_id as "jobId", person_id as "personId", account_id as "accountId", kind, thing, attribute,
            entitlement_id as "entitlementId", is_now as "isNow"
       from drift where id = any($1::bigint[]) and settled_at is null order by id ${lock}`, [ids])
  return rows
}

export async function settleDrift(client: Client, ids: string[], how: 'adopted' | 'left', by: string, now: string): Promise<void> {
  await client.query('update drift set settled_at = $3, settled_how = $2, settled_by = $4 where id = any($1::bigint[]) and settled_at is null', [ids, how, now, by])
}

/** Memberships that somebody else put there become ones that Usher takes away when their reason ends. */
export async function takeOver(client: Client, memberships: { accountId: string; entitlementId: string }[]): Promise<void> {
  await client.query(
    `update membership m set origin = 'found' from unnest($1::bigint[], $2::bigint[]) as u (account_id, entitlement_id)
      where m.account_id = u.account_id and m.entitlement_id = u.entitlement_id and m.origin = 'unknown'`,
    [memberships.map((m) => m.accountId), memberships.map((m) => m.entitlementId)])
}
