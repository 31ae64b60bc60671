/** People, plans and entitlements by the words under which somebody knows them. */
import type { Schema } from '../../client/index.ts'
import { Failure } from './exit.ts'
import { call, type Session } from './session.ts'
import { clean } from './terminal.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A person by id, employee id, e-mail address or name. Several that fit are listed, never guessed. */
export async function findPerson(session: Session, given: string): Promise<string> {
  if (uuid.test(given)) return given.toLowerCase()
  const { items } = await call(session.api.POST('/api/people/search', { body: { search: given, limit: 50 } }))
  const same = (value: string | null) => value?.toLowerCase() === given.toLowerCase()
  const exact = items.filter((person) => same(person.employeeId) || same(person.email))
  const named = items.filter((person) => same(person.name))
  const found = [exact, named, items].find((set) => set.length > 0) ?? []
  if (found.length === 1 && found[0]) return found[0].id
  if (found.length === 0) throw new Failure('failed', `Nobody is known as "${given}".`, { advice: 'Try a part of the name: usher people list …' })
  const list = found.slice(0, 10).map((person) => `  ${person.employeeId ?? person.id}  ${clean(person.name)}${person.department ? `, ${clean(person.department)}` : ''}`)
  throw new Failure('failed', `${found.length}${items.length === 50 ? ' or more' : ''} people fit "${given}":\n${list.join('\n')}`, { advice: 'Name one by employee id.' })
}

/** A plan by number or id; without one the latest. */
export async function findPlan(session: Session, given: string | undefined): Promise<string> {
  if (given !== undefined && uuid.test(given)) return given.toLowerCase()
  let after: string | undefined
  do {
    const page: { items: Schema<'PlanRow'>[]; next: string | null } = await call(session.api.GET('/api/plans', {
      params: { query: { limit: given === undefined || given === 'latest' ? 1 : 500, ...(after === undefined ? {} : { after }) } },
    }))
    const found = given === undefined || given === 'latest' ? page.items[0] : page.items.find((plan) => String(plan.number) === given)
    if (found) return found.id
    after = given === undefined ? undefined : page.next ?? undefined
  } while (after !== undefined)
  if (given === undefined || given === 'latest') throw new Failure('failed', 'There is no plan yet.', { advice: 'Make one: usher plan new' })
  throw new Failure('failed', `There is no plan ${given}.`, { advice: 'List them: usher plan list' })
}

/** An entitlement by number, or as `system/name`. */
export async function findEntitlement(session: Session, given: string): Promise<string> {
  if (/^\d+$/.test(given)) return given
  const slash = given.indexOf('/')
  if (slash < 1) throw new Failure('usage', `"${given}" is not an entitlement.`, { advice: 'Write system/name, such as ad/Sales, or its number.' })
  const [system, name] = [given.slice(0, slash), given.slice(slash + 1)]
  const { items } = await call(session.api.POST('/api/systems/{id}/entitlements/search', {
    params: { path: { id: system } }, body: { search: name, limit: 50 },
  }))
  const exact = items.filter((item) => item.name.toLowerCase() === name.toLowerCase())
  const found = exact.length > 0 ? exact : items
  if (found.length === 1 && found[0]) return found[0].id
  if (found.length === 0) throw new Failure('failed', `${system} has no entitlement "${name}".`, { advice: `List them: usher systems entitlements ${system}` })
  const list = found.slice(0, 10).map((item) => `  ${item.id}  ${clean(item.name)}`)
  throw new Failure('failed', `${found.length} entitlements of ${system} fit "${name}":\n${list.join('\n')}`, { advice: 'Name one by its number.' })
}
