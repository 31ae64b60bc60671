/** What each role gives in the rows of the systems. */
import type { Client } from './database.ts'

interface RoleGrant { roleId: string; systemId: string; entitlement: string; graceDays: number }

/** Makes the rows of `role_entitlement` those of this policy, where they are of an older one. */
export async function followRoles(client: Client, revision: number, grants: RoleGrant[]): Promise<void> {
  if (!(await areRolesStored(client, revision))) await storeRoleEntitlements(client, revision, grants)
}

/** Whether the rows of `role_entitlement` are what this policy, or a newer one that somebody else knows already, and the entitlements of the systems make of them. */
export async function areRolesStored(client: Client, revision: number): Promise<boolean> {
  const { rows } = await client.query('select from role_entitlement_basis where policy_revision >= $1', [revision])
  return rows.length > 0
}

/** The rows of `role_entitlement`, made anew from the policy and what the systems show; only differences are written. */
export async function storeRoleEntitlements(client: Client, revision: number, grants: RoleGrant[]): Promise<{ roleId: string; systemId: string; entitlement: string }[]> {
  const columns = [grants.map((g) => g.roleId), grants.map((g) => g.systemId), grants.map((g) => g.entitlement), grants.map((g) => g.graceDays)]
  await client.query(
    `create temp table wanted_grant on commit drop as
     select w.role_id, w.system_id, w.entitlement, w.grace_days, e.id as entitlement_id
       from unnest($1::text[], $2::text[], $3::text[], $4::int[]) as w (role_id, system_id, entitlement, grace_days)
       left join (
         select distinct on (w.system_id, w.entitlement) w.system_id, w.entitlement, k.id
           from (select distinct * from unnest($2::text[], $3::text[]) as w (system_id, entitlement)) w
           join (select system_id, native_id as key, 1 as rank, id from entitlement where gone_at is null
                 union all select system_id, lower(name), 2, id from entitlement where gone_at is null
                 union all select system_id, lower(attributes ->> 'cn'), 3, id from entitlement where gone_at is null) k
             on k.system_id = w.system_id and k.key = case when k.rank = 1 then w.entitlement else lower(w.entitlement) end
          order by w.system_id, w.entitlement, k.rank, k.id
       ) e on e.system_id = w.system_id and e.entitlement = w.entitlement`, columns)
  await client.query(
    `delete from role_entitlement r where not exists
       (select from wanted_grant w where w.role_id = r.role_id and w.entitlement_id = r.entitlement_id)`)
  await client.query(
    `insert into role_entitlement (role_id, entitlement_id, grace_days)
     select role_id, entitlement_id, max(grace_days) from wanted_grant where entitlement_id is not null group by 1, 2
     on conflict (role_id, entitlement_id) do update set grace_days = excluded.grace_days where role_entitlement.grace_days <> excluded.grace_days`)
  const { rows } = await client.query<{ roleId: string; systemId: string; entitlement: string }>(
    `select distinct role_id as "roleId", system_id as "systemId", entitlement from wanted_grant where entitlement_id is null`)
  await client.query('drop table wanted_grant')
  await client.query('insert into role_entitlement_basis (policy_revision) values ($1) on conflict (one) do update set policy_revision = excluded.policy_revision', [revision])
  return rows
}

