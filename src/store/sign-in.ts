/** Users, API tokens and one-time links, as far as Usher itself asks; passwords and sessions belong to the sign-in library. */
import { createHash, randomBytes } from 'node:crypto'
import { UsherError } from '../domain/errors.ts'
import type { Db } from './database.ts'

export interface UserRow {
  id: string
  name: string
  email: string
  role: string
  createdAt: string
  disabled: boolean
  ready: boolean
}

export interface TokenRow {
  id: string
  name: string
  role: string
  start: string | null
  userId: string
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
}

export type LinkPurpose = 'setup' | 'sign-in' | 'password'

const userColumns = `u."id", u."name", u."email", u."role", u."createdAt", u."disabledAt" is not null as disabled,
  exists (select from auth."account" a where a."userId" = u."id" and a."password" is not null) as ready`

export async function listUsers(db: Db): Promise<UserRow[]> {
  const { rows } = await db.query<UserRow>(`select ${userColumns} from auth."user" u order by lower(u."name"), u."id"`)
  return rows
}

export async function findUser(db: Db, id: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(`select ${userColumns} from auth."user" u where u."id" = $1`, [id])
  return rows[0]
}

export async function findUserByEmail(db: Db, email: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(`select ${userColumns} from auth."user" u where u."email" = lower($1)`, [email])
  return rows[0]
}

export async function hasUsers(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ any: boolean }>(`select exists (select from auth."user") as any`)
  return rows[0]!.any
}

export async function changeUserRow(db: Db, id: string, change: { name?: string; role?: string; disabled?: boolean }, now: string): Promise<void> {
  await db.query(
    `update auth."user"
        set "name" = coalesce($2, "name"), "role" = coalesce($3, "role"), "updatedAt" = $5,
            "disabledAt" = case when $4::boolean is null then "disabledAt" when $4 then coalesce("disabledAt", $5) end
      where "id" = $1`,
    [id, change.name ?? null, change.role ?? null, change.disabled ?? null, now])
}

/** How many administrators could sign in, besides this one. */
export async function otherAdministrators(db: Db, id: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    `select count(*)::int as n from auth."user" where "role" = 'administrator' and "disabledAt" is null and "id" <> $1`, [id])
  return rows[0]!.n
}

/** API tokens of one user, or of everybody. */
export async function listTokens(db: Db, userId: string | null): Promise<TokenRow[]> {
  const { rows } = await db.query<TokenRow>(
    `select "id", coalesce("name", '') as name, coalesce("metadata"::jsonb ->> 'role', '') as role, "start", "referenceId" as "userId",
            "createdAt", "expiresAt", "lastRequest" as "lastUsedAt"
       from auth."apikey"
      where $1::text is null or "referenceId" = $1
      order by "createdAt" desc, "id"`, [userId])
  return rows
}

export async function deleteToken(db: Db, id: string): Promise<void> {
  await db.query('delete from auth."apikey" where "id" = $1', [id])
}

/** Id → name to show, of users and of `token:<id>`. `usher` is Usher itself. */
export async function actorNames(db: Db, actors: string[]): Promise<Map<string, string>> {
  const wanted = [...new Set(actors)]
  const { rows } = await db.query<{ id: string; name: string }>(
    `select "id", "name" from auth."user" where "id" = any ($1)
     union all
     select 'token:' || k."id", coalesce(k."name", 'token') || ' (token of ' || u."name" || ')'
       from auth."apikey" k join auth."user" u on u."id" = k."referenceId" where 'token:' || k."id" = any ($1)`, [wanted])
  return new Map([['usher', 'Usher'], ...rows.map((r): [string, string] => [r.id, r.name])])
}

/** Makes a link's token. Earlier unused links of the same purpose and user stop working. */
export async function makeLink(
  db: Db, link: { purpose: LinkPurpose; userId: string | null; now: string; expiresAt: string },
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await db.query(
    `delete from auth.one_time_link where purpose = $1 and user_id is not distinct from $2 and used_at is null`, [link.purpose, link.userId])
  await db.query(
    `insert into auth.one_time_link (hash, purpose, user_id, made_at, expires_at) values ($1, $2, $3, $4, $5)`,
    [hashOf(token), link.purpose, link.userId, link.now, link.expiresAt])
  return token
}

/** Uses a link up and says whose it was. Of two who try at once, one is refused. */
export async function useLink(db: Db, purpose: LinkPurpose, token: string, now: string): Promise<string | null> {
  const { rows } = await db.query<{ user_id: string | null }>(
    `update auth.one_time_link set used_at = $3
      where hash = $1 and purpose = $2 and used_at is null and expires_at > $3
      returning user_id`, [hashOf(token), purpose, now])
  if (rows[0] === undefined) throw new UsherError('NOT_SIGNED_IN', 'This link was used already or has expired. Ask for a new one.')
  return rows[0].user_id
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
