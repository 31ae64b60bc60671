/** People. */
import type { FastifyInstance } from 'fastify'
import { UsherError } from '../domain/errors.ts'
import { standing } from '../domain/person.ts'
import type { WhyException } from '../engine/engine.ts'
import { shortName, text } from '../domain/sentence.ts'
import { openLeaver } from '../store/leaver.ts'
import { standingEnd } from '../store/person-end.ts'
import { accountsOf } from '../store/account-views.ts'
import { listFindings } from '../store/finding-views.ts'
import {
  countOpenChanges, countPeople, findByAttribute, findPerson, listPasswords, listReports, peopleByAttribute, peopleByState, searchPeople,
} from '../store/person-views.ts'
import type { PersonShown } from '../store/person-views.ts'
import { people } from './contract/index.ts'
import { allPages, csvStream } from './csv.ts'
import type { Door } from './door.ts'
import { historyOf } from './history.ts'
import { lexicon } from './names.ts'
import type { Lexicon } from './names.ts'
import { serve } from './serve.ts'
import { nameOf, shownAccount, shownFinding, shownPerson } from './shown.ts'

export function personRoutes(app: FastifyInstance, door: Door): void {
  const { engine, context: { pool, now } } = door
  const today = () => now().slice(0, 10)

  serve(app, people.searchPeople, async ({ body }) => {
    const [page, total] = await Promise.all([searchPeople(pool, body), body.after === undefined ? countPeople(pool, body) : null])
    return { items: page.items.map((row) => shownPerson(row, today())), next: page.next, total }
  })
  serve(app, people.peopleFilters, async () => {
    const [departments, locations, states] = await Promise.all([peopleByAttribute(pool, 'department'), peopleByAttribute(pool, 'location'), peopleByState(pool)])
    return { departments, locations, states: states.map(({ state, count }) => ({ value: state, people: count })) }
  })
  serve(app, people.exportPeople, async ({ query, reply }) => {
    reply.header('content-disposition', 'attachment; filename="people.csv"')
    const rows = allPages((after) => searchPeople(pool, { ...query, sort: 'name', limit: 1000, ...(after === undefined ? {} : { after }) }))
    return csvStream(
      ['Name', 'Employee ID', 'E-mail', 'State', 'Department', 'Location', 'Title', 'Start', 'End', 'Accounts'],
      (async function* cells() {
        for await (const row of rows) {
          const p = shownPerson(row, today())
          yield [p.name, p.employeeId, p.email, p.state, p.department, p.location, p.title, p.start, p.end, p.accounts]
        }
      })())
  })
  serve(app, people.showPerson, async ({ params }) => {
    const person = await personOf(params.id)
    const [end, leaverId] = await Promise.all([standingEnd(pool, person.id), openLeaver(pool, person.id)])
    const names = await lexicon(door, [end?.madeBy])
    const { settings } = names.policy
    const stands = standing(person.positions, now(), settings.timeZone, person.cuts)
    const [attributes, accounts, findings, reports, openChanges, passwords] = await Promise.all([
      attributesOf(person, names),
      accountsOf(pool, person.id),
      listFindings(pool, { person: person.id, limit: 100 }),
      listReports(pool, text(person.attributes[settings.attributes.find((a) => a.name === 'manager')?.references ?? 'employeeId'])),
      countOpenChanges(pool, person.id),
      listPasswords(pool, person.id),
    ])
    return {
      id: person.id, name: nameOf(person.attributes, person.id), state: person.state,
      startsAt: stands.startsAt ?? null, endedAt: stands.endedAt ?? null, nextChangeAt: stands.nextChangeAt ?? person.nextChangeAt,
      attributes,
      positions: person.positions.map((p) => ({
        key: p.key, job: p.job, attributes: p.attributes, start: p.start ?? null, end: p.end ?? null,
        leaveFrom: p.leaveFrom ?? null, leaveUntil: p.leaveUntil ?? null, missingSince: p.missingSince ?? null, living: stands.living.includes(p.key),
      })),
      accounts: accounts.map((a) => shownAccount(a, names)), findings: findings.items.map(shownFinding), reports, openChanges, passwords,
      end: end === null ? null : { effectiveAt: end.effectiveAt, note: end.note, by: names.namedUser(end.madeBy), madeAt: end.madeAt }, leaverId,
    }
  })

  serve(app, people.why, async ({ params, query }) => {
    await personOf(params.id)
    const why = await named(await engine.why(params.id, query.asOf))
    return {
      ...why,
      accounts: why.accounts.map((account) => ({ ...account, title: shortName(account.name) })),
      access: why.access.map((access) => ({ ...access, title: shortName(access.entitlement) })),
    }
  })
  serve(app, people.whyNot, async ({ params, query: { entitlementId, jobId, roleId, asOf } }) => {
    await personOf(params.id)
    const given = [entitlementId, jobId, roleId].filter((v) => v !== undefined)
    if (given.length !== 1) throw new UsherError('INVALID_INPUT', 'In the query: name exactly one of entitlementId, jobId and roleId.')
    const target = entitlementId !== undefined ? { entitlementId } : jobId !== undefined ? { jobId } : { roleId: roleId! }
    return await named(await engine.whyNot(params.id, target, asOf))
  })
  serve(app, people.history, async ({ params, query }) => {
    await personOf(params.id)
    return await historyOf(door, params.id, query)
  })

  serve(app, people.grant, async ({ params, body, who }) => {
    await personOf(params.id)
    return await engine.grant({ personId: params.id, ...body }, who.actor)
  })
  serve(app, people.changeEnd, ({ params, body, who }) => engine.changeEnd(params.id, body.until, who.actor))
  serve(app, people.endReason, ({ params, who }) => engine.endReason(params.id, who.actor))
  serve(app, people.planPerson, async ({ params, who }) => {
    await personOf(params.id)
    return await engine.startPlan({ cause: 'asked for one person', actor: who.actor, scope: { people: [params.id] } })
  })
  serve(app, people.showPassword, async ({ params, who }) => {
    await personOf(params.id)
    return { password: await engine.showPassword(params.id, params.jobId, who.actor) }
  })

  /** Who decided the exceptions, by name. */
  async function named<T extends { exceptions: WhyException[] }>(answer: T) {
    const names = await lexicon(door, answer.exceptions.map((x) => x.by))
    return { ...answer, exceptions: answer.exceptions.map((x) => ({ ...x, by: names.namedUser(x.by) })) }
  }

  async function personOf(id: string): Promise<PersonShown> {
    const person = await findPerson(pool, id)
    if (person === undefined) throw new UsherError('NOT_FOUND', 'There is no such person.')
    return person
  }

  /** Attributes in the order of their declaration; a reference shows whom it points to. */
  async function attributesOf(person: PersonShown, names: Lexicon) {
    const declared = names.policy.settings.attributes
    const order = [...declared.map((d) => d.name), ...Object.keys(person.attributes)]
    return await Promise.all([...new Set(order)].filter((name) => person.attributes[name] !== undefined).map(async (name) => {
      const declaration = declared.find((d) => d.name === name)
      const value = person.attributes[name]
      const [only, ...others] = declaration?.type === 'reference' ? await findByAttribute(pool, declaration.references ?? 'employeeId', text(value)) : []
      return {
        name, title: declaration?.title ?? name, value, sensitive: declaration?.sensitive ?? false,
        person: only !== undefined && others.length === 0 ? only : null,
      }
    }))
  }
}
