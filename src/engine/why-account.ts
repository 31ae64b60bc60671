/** Why an account has its values, and what it holds because of which reasons; now, or at a past instant. */
import { attributeAt, enabledAt, heldAt, writerOf } from '../domain/past.ts'
import { compile } from '../domain/expression.ts'
import type { Position } from '../domain/person.ts'
import { accountJobs, roleGrants } from '../domain/policy.ts'
import type { Db } from '../store/database.ts'
import { entitlementsById, entitlementsNamed, membershipsOf, type AccountChange, type AccountRow } from '../store/past.ts'
import type { ReasonRow } from '../store/why.ts'
import type { Revision } from './context.ts'
import type { Why, WhyReason, WhyValue } from './engine.ts'
import { cellsOf, type Origins } from './origin.ts'

export interface LookingAtAccounts {
  at: string
  past: boolean
  /** The policy in force then. */
  revision: Revision
  /** Those that reasons and changes came of, by number. */
  revisions: Map<number, Revision>
  changes: AccountChange[]
  origins: Origins
  primary: Position | undefined
}

export function whyAccount(account: AccountRow, looking: LookingAtAccounts): Omit<Why['accounts'][number], 'reasons'> {
  const { accountId, systemId, name, since, jobId } = account
  const changes = looking.changes.filter((c) => c.jobId === jobId)
  const mapped = Object.keys(mappingIn(looking.revision, jobId))
  return {
    accountId, system: systemId, since, name,
    enabled: looking.past ? enabledAt(account.enabled, changes, looking.at) : account.enabled,
    attributes: mapped.flatMap((attribute) => whyValue(attribute, account, changes, looking)),
  }
}

function whyValue(attribute: string, account: AccountRow, changes: AccountChange[], looking: LookingAtAccounts): WhyValue[] {
  const now = account.attributes[attribute]
  const { value, written } = looking.past ? attributeAt(attribute, now, changes, looking.at) : { value: now, written: writerOf(attribute, now, changes) }
  if (value === undefined) return []
  const revision = written === null ? looking.revision : looking.revisions.get(written.policyRevision) ?? looking.revision
  const expression = mappingIn(revision, account.jobId)[attribute] ?? null
  return [{
    attribute, value, job: account.jobId, expression, policyRevision: revision.revision,
    written: written === null ? null : { at: written.doneAt, planId: written.planId, plan: written.planNumber },
    origins: expression === null ? [] : cellsOf(looking.origins, compile(expression, 'person').reads, looking.primary),
  }]
}

function mappingIn({ policy }: Revision, jobId: string): Record<string, string> {
  return accountJobs(policy).find((j) => j.id === jobId)?.mapping ?? {}
}

/** Every entitlement that the person held or had a reason for; roles unfolded as the policy of then has them. */
export async function whyAccess(db: Db, personId: string, looking: LookingAtAccounts, reasons: ReasonRow[], told: Map<string, WhyReason>): Promise<Why['access']> {
  const { at, past, changes } = looking
  const given = await givenBy(db, looking, reasons)
  const memberships = await membershipsOf(db, personId)
  const touched = past ? changes.flatMap((c) => (c.entitlementId === null ? [] : [c.entitlementId])) : []
  const ids = [...new Set([...given.keys(), ...memberships.keys(), ...touched])]
  return (await entitlementsById(db, ids)).flatMap((entitlement) => {
    const seen = memberships.get(entitlement.id)
    const there = seen !== undefined && (!past || Date.parse(seen) <= Date.parse(at))
    const present = past ? heldAt(entitlement.id, there, changes, at) : there
    const own = (given.get(entitlement.id) ?? []).map((id) => told.get(id)!)
    if (!present && own.length === 0) return []
    const granted = changes.findLast((c) => c.kind === 'grant' && c.entitlementId === entitlement.id && Date.parse(c.doneAt) <= Date.parse(at))
    return [{
      system: entitlement.systemId, entitlementId: entitlement.id, entitlement: entitlement.name, present, since: present ? granted?.doneAt ?? seen ?? null : null,
      until: own.length > 0 && own.every((r) => r.until !== null) ? own.map((r) => r.until!).toSorted().at(-1)! : null, reasons: own,
    }]
  })
}

/** Entitlement → the reasons that give it. A role that the policy of then no longer had is taken from the reason's own revision. */
async function givenBy(db: Db, { at, revision, revisions }: LookingAtAccounts, reasons: ReasonRow[]): Promise<Map<string, string[]>> {
  const given = new Map<string, string[]>()
  const add = (entitlementId: string, reasonId: string): void => { given.set(entitlementId, [...given.get(entitlementId) ?? [], reasonId]) }
  const grantsOf = (reason: ReasonRow) => {
    const { policy } = revision.policy.roles.some((r) => r.id === reason.roleId) ? revision : revisions.get(reason.policyRevision)!
    return roleGrants(policy).filter((g) => g.roleId === reason.roleId)
  }
  const byRole = reasons.flatMap((reason) => (reason.roleId === null ? [] : grantsOf(reason).map((g) => ({ ...g, reasonId: reason.id }))))
  const named = await entitlementsNamed(db, byRole, at)
  for (const { systemId, entitlement, reasonId } of byRole) {
    const id = named.get(`${systemId} ${entitlement}`)?.id
    if (id !== undefined && given.get(id)?.includes(reasonId) !== true) add(id, reasonId)
  }
  for (const reason of reasons) if (reason.entitlementId !== null) add(reason.entitlementId, reason.id)
  return given
}
