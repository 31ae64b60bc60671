/** Why a person has what they have, and why not what they lack: from rows, never from logs. */
import { UsherError } from '../domain/errors.ts'
import { compilePolicy, countedPositions, positionInput, primaryPosition, type CompiledPolicy } from '../domain/evaluate.ts'
import { compile, firstFailed, type Input, type Read } from '../domain/expression.ts'
import { standing, type Position } from '../domain/person.ts'
import { roleClosure, roleGrants, type Policy } from '../domain/policy.ts'
import { accountsAt, doneChangesOf } from '../store/past.ts'
import { revisionAt, revisionInForce } from '../store/policy.ts'
import { entitlementById, personAt, reasonsAt, sourceRowsOf, type PersonRow, type ReasonRow } from '../store/why.ts'
import type { Context, Revision } from './context.ts'
import type { Origin, Why, WhyNot, WhyReason } from './engine.ts'
import { cellsOf, originsOf, type Origins } from './origin.ts'
import { whyAccess, whyAccount, type LookingAtAccounts } from './why-account.ts'
import { whyExceptions, withholding } from './why-exception.ts'

/** As it is now, or was at a past instant: with the policy, the person, the rows, the reasons and the accounts of then. */
export async function why(context: Context, personId: string, asOf?: string): Promise<Why> {
  const { pool } = context
  const at = asOf ?? context.now()
  const past = Date.parse(at) < Date.parse(context.now()) && asOf !== undefined
  const person = await knownPerson(context, personId, asOf ?? null)
  const revision = await revisionInForce(pool, at)
  const origins = originsOf(revision.policy, await sourceRowsOf(pool, personId, asOf ?? null))
  const reasons = await reasonsAt(pool, personId, at)
  const changes = await doneChangesOf(pool, personId)
  const revisions = await revisionsOf(context, [...reasons, ...changes].map((r) => r.policyRevision), revision)
  const told = new Map(reasons.map((r) => [r.id, tell(r, revisions.get(r.policyRevision)!, person, origins)]))
  const scopes = (jobId: string): WhyReason[] => reasons.filter((r) => r.kind === 'scope' && r.jobId === jobId).map((r) => told.get(r.id)!)
  const looking: LookingAtAccounts = { at, past, revision, revisions, changes, origins, primary: lookAt(revision, person, at, origins).primary }
  return {
    personId, asOf: at,
    attributes: Object.entries(person.attributes).map(([attribute, value]) => ({ attribute, value, origin: origins.attribute(attribute) })),
    positions: person.positions.map((p) => ({
      key: p.key, attributes: p.attributes, origin: origins.position(p.key),
      ...(p.start === undefined ? {} : { start: p.start }), ...(p.end === undefined ? {} : { end: p.end }),
    })),
    accounts: (await accountsAt(pool, personId, at)).map((account) => ({ ...whyAccount(account, looking), reasons: scopes(account.jobId) })),
    access: await whyAccess(pool, personId, looking, reasons, told),
    exceptions: await whyExceptions(pool, personId, at, past),
  }
}

export async function whyNot(
  context: Context, personId: string, target: { entitlementId: string } | { jobId: string } | { roleId: string }, asOf?: string,
): Promise<WhyNot> {
  const { pool } = context
  const at = asOf ?? context.now()
  const person = await knownPerson(context, personId, asOf ?? null)
  const revision = await revisionInForce(pool, at)
  const looking = lookAt(revision, person, at, originsOf(revision.policy, await sourceRowsOf(pool, personId, asOf ?? null)))
  const reasons = await reasonsAt(pool, personId, at)
  const past = asOf !== undefined && Date.parse(at) < Date.parse(context.now())
  const left = await whyExceptions(pool, personId, at, past)
  if ('jobId' in target) {
    return { has: reasons.some((r) => r.jobId === target.jobId), ways: [scopeWay(looking, target.jobId)], exceptions: withholding(left, { job: target.jobId }) }
  }
  const entitlement = 'entitlementId' in target ? await entitlementById(pool, target.entitlementId) : null
  if ('entitlementId' in target && entitlement === null) throw new UsherError('NOT_FOUND', 'There is no such entitlement.')
  const giving = 'roleId' in target ? rolesContaining(revision.policy, target.roleId) : rolesGiving(revision.policy, entitlement!)
  const has = reasons.some((r) => (r.roleId !== null && giving.includes(r.roleId)) || ('entitlementId' in target && r.entitlementId === target.entitlementId))
  const ways = revision.policy.rules.filter((rule) => rule.roles.some((role) => giving.includes(role))).map((rule) => ruleWay(looking, rule.id, rule.roles.find((role) => giving.includes(role))!))
  const job = entitlement === null ? undefined : revision.policy.jobs.find((j) => j.destination === entitlement.systemId)
  const exceptions = 'entitlementId' in target ? withholding(left, { job: job?.id, entitlementId: target.entitlementId }) : []
  if (entitlement !== null) {
    if (job !== undefined && !reasons.some((r) => r.jobId === job.id)) ways.unshift(scopeWay(looking, job.id))
  }
  if (ways.length > 0) return { has, ways, exceptions }
  const says = 'roleId' in target && giving.length === 0 ? `There is no role "${target.roleId}"${past ? ' in the policy of then' : ''}.`
    : giving.length === 0 ? 'No role gives it.'
    : `No rule gives ${giving.map((id) => `the role "${roleName(revision.policy, id)}"`).join(' or ')}; it can be given by hand.`
  return { has, ways: [{ says, failed: null, origins: [] }], exceptions }
}

/* ------------------------------------------------------------------ looking at one person with the policy's eyes */

interface Looking {
  compiled: CompiledPolicy
  person: PersonRow
  counted: Position[]
  origins: Origins
  inputFor(position: Position | undefined): Input
  primary: Position | undefined
}

export function lookAt(revision: Revision, person: PersonRow, asOf: string, origins: Origins): Looking {
  const compiled = compilePolicy(revision.policy)
  const now = standing(person.positions, asOf, revision.policy.settings.timeZone, person.cuts)
  const counted = countedPositions(compiled, person.positions, now, asOf, compiled.daysBefore)
  const attributes = { ...person.attributes, id: person.id, state: now.state }
  return {
    compiled, person, counted, origins,
    inputFor: (position) => ({ person: attributes, position: positionInput(position), positions: counted.map(positionInput), now: asOf }),
    primary: primaryPosition(compiled, person, counted, attributes, asOf),
  }
}

function ruleWay(looking: Looking, ruleId: string, roleId: string): WhyNot['ways'][number] {
  const { rule, when } = looking.compiled.rules.find((r) => r.rule.id === ruleId)!
  const gives = `Rule "${rule.name}" gives the role "${roleName(looking.compiled.policy, roleId)}"`
  if (looking.counted.length === 0) return { says: `${gives} to people with a position; this person has none now.`, rule: ruleId, role: roleId, failed: null, origins: [] }
  const position = looking.counted.find((p) => when.evaluate(looking.inputFor(p)) === true) ?? looking.counted[0]!
  const failed = firstFailed(when.trace(looking.inputFor(position)))
  if (failed === null) return { says: `${gives}, and this person meets it: the next plan gives it.`, rule: ruleId, role: roleId, failed: null, origins: [] }
  const reads = when.reads.filter((r) => Object.keys(failed.saw).some((name) => name.endsWith(r.name) || name.includes(JSON.stringify(r.name))))
  return {
    says: `${gives} where ${failed.text}; ${sawText(failed.saw)}.`, rule: ruleId, role: roleId,
    failed: { condition: failed.text, line: failed.line, column: failed.column, saw: failed.saw },
    origins: cellsOf(looking.origins, reads, position),
  }
}

function scopeWay(looking: Looking, jobId: string): WhyNot['ways'][number] {
  const found = looking.compiled.jobs.find(({ job }) => job.id === jobId)
  if (found === undefined) throw new UsherError('NOT_FOUND', `There is no job "${jobId}" to a system.`)
  const { job, scope } = found
  const { state } = standing(looking.person.positions, String((looking.inputFor(undefined) as { now: string }).now), looking.compiled.policy.settings.timeZone, looking.person.cuts)
  if (state === 'ended') return { says: `"${job.name}" is for people with a position; this person's last one is over.`, failed: null, origins: [] }
  if (state === 'before-start' && looking.counted.length === 0) {
    return { says: `"${job.name}" makes the account ${job.lifecycle.createDaysBefore} days before the start; that is still to come.`, failed: null, origins: [] }
  }
  const failed = scope === null ? null : firstFailed(scope.trace(looking.inputFor(looking.primary)))
  if (failed === null || scope === null) return { says: `"${job.name}" is for this person.`, failed: null, origins: [] }
  return {
    says: `"${job.name}" is for people where ${failed.text}; ${sawText(failed.saw)}.`,
    failed: { condition: failed.text, line: failed.line, column: failed.column, saw: failed.saw },
    origins: cellsOf(looking.origins, scope.reads, looking.primary),
  }
}

/* ------------------------------------------------------------------ telling */

function tell(reason: ReasonRow, revision: Revision, person: PersonRow, origins: Origins): WhyReason {
  const base = { reasonId: reason.id, kind: reason.kind, from: reason.validFrom, until: reason.validUntil, policyRevision: reason.policyRevision, origins: [] as Origin[] }
  const { policy } = revision
  const role = reason.roleId === null ? {} : { role: reason.roleId }
  switch (reason.kind) {
    case 'scope': {
      const job = policy.jobs.find((j) => j.id === reason.jobId)
      return { ...base, says: `"${job?.name ?? reason.jobId}" makes an account for ${job?.scope === undefined ? 'everybody' : `people where ${job.scope}`}.` }
    }
    case 'rule': {
      const rule = policy.rules.find((r) => r.id === reason.ruleId)
      const position = person.positions.find((p) => p.key === reason.positionKey)
      const reads = rule === undefined ? [] : compile(rule.when, 'person').reads
      const saw = reads.map((r) => `${r.name} is ${valueText(valueOf(r, person, position))}`)
      const because = saw.length === 0 ? '' : `, because ${saw.join(' and ')}`
      return { ...base, ...role, rule: reason.ruleId!, origins: cellsOf(origins, reads, position), says: `Rule "${rule?.name ?? reason.ruleId}" gives the role "${roleName(policy, reason.roleId!)}"${because}.` }
    }
    case 'grace': {
      const rule = policy.rules.find((r) => r.id === reason.ruleId)
      const former = reason.formerRoleId === null ? {} : { role: reason.formerRoleId, rule: reason.ruleId! }
      return { ...base, ...former, says: `Rule "${rule?.name ?? reason.ruleId}" gave the role "${roleName(policy, reason.formerRoleId ?? '')}" before a move; it is kept until ${reason.validUntil!.slice(0, 10)}.` }
    }
    case 'found': return { ...base, says: 'It was there when Usher linked the account; it stays until employment ends.' }
    default: {
      const what = reason.roleId === null ? 'It' : `The role "${roleName(policy, reason.roleId)}"`
      return { ...base, ...role, says: `${what} was given by hand${reason.note === null ? '' : `: ${reason.note}`}.` }
    }
  }
}

function valueOf(read: Read, person: PersonRow, position: Position | undefined): unknown {
  if (read.variable === 'person') return read.name === 'state' ? person.state : person.attributes[read.name]
  return positionInput(position)[read.name]
}

function sawText(saw: Record<string, unknown>): string {
  return Object.entries(saw).map(([name, value]) => `${name} is ${valueText(value)}`).join(', ') || 'it does not hold'
}

function valueText(value: unknown): string {
  return value === null || value === undefined || value === '' ? 'empty' : Array.isArray(value) ? value.join(', ') : String(value)
}

function roleName(policy: Policy, id: string): string {
  return policy.roles.find((r) => r.id === id)?.name ?? id
}

function rolesContaining(policy: Policy, roleId: string): string[] {
  return [...roleClosure(policy.roles)].filter(([, contained]) => contained.has(roleId)).map(([id]) => id)
}

/** Roles that give an entitlement by a policy, contained ones unfolded. */
function rolesGiving(policy: Policy, { systemId, name, nativeId, commonName }: { systemId: string; name: string; nativeId: string; commonName: string | null }): string[] {
  const names = [name, commonName].map((n) => n?.toLowerCase())
  return [...new Set(roleGrants(policy).filter((g) => g.systemId === systemId && (g.entitlement === nativeId || names.includes(g.entitlement.toLowerCase()))).map((g) => g.roleId))]
}

async function knownPerson(context: Context, personId: string, asOf: string | null): Promise<PersonRow> {
  const person = await personAt(context.pool, personId, asOf)
  if (person === null) throw new UsherError('NOT_FOUND', asOf === null ? 'There is no such person.' : 'Usher did not know this person then.')
  return person
}

async function revisionsOf(context: Context, numbers: number[], known: Revision): Promise<Map<number, Revision>> {
  const revisions = new Map([[known.revision, known]])
  for (const number of new Set(numbers)) if (!revisions.has(number)) revisions.set(number, await revisionAt(context.pool, number))
  return revisions
}
