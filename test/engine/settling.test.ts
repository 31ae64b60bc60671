/** A plan of very many changes: people are settled in turns, as systems come to them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policy as policySchema, type Policy } from '../../src/domain/policy.ts'
import { applyPlan } from '../../src/engine/apply-plan.ts'
import { appSystem, type Row, type World } from './plan-fixture.ts'
import { openWorlds } from './worlds.ts'

const open = openWorlds()

/** With an account and a role for each, more changes than are settled in one go. */
const staff: Row[] = Array.from({ length: 1800 }, (_, i) => ({ id: String(i + 1) }))

/** Another system, in which one person has an account. */
function withOther(policy: Policy): void {
  const { systems: [, app], jobs: [, users] } = policy
  const { systems, jobs } = policySchema.parse({
    ...policy, systems: [...policy.systems, { ...app!, id: 'other', name: 'Other', config: { system: 'other' } }],
    jobs: [...policy.jobs, { ...users!, id: 'others', name: 'Other users', destination: 'other', scope: 'person.employeeId == "700"' }],
  })
  Object.assign(policy, { systems, jobs })
}

async function assertAllIsThere(w: World): Promise<void> {
  const { rows: [row] } = await w.pool.query(
    `select (select array_agg(distinct state) from plan_change) as states, (select count(*)::int from desired_account) as desired,
            (select count(*)::int from person where evaluated_at is null or evaluated_at < changed_at) as left, (select state from plan) as plan`)
  assert.deepEqual(row, { states: ['done'], desired: staff.length + 1, left: 0, plan: 'applied' })
  const users = [...w.other.records.values()].map((r) => r.attributes['personId'])
  assert.deepEqual([w.accounts().length, w.members('sellers').length, users], [staff.length, staff.length, ['700']])
}

test('a system with much to do and one with a single change: both get all of it, and everybody is settled', async () => {
  const w = await open(withOther)
  await w.day(staff)
  await assertAllIsThere(w)
})

test('a policy that is edited while a plan is carried out holds from the next batch on', async () => {
  const w = await open()
  await w.hr(staff)
  const worked = w.plan()
  while (w.app.writes === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await w.setPolicy((p) => { appSystem(p).method = 'observe' })
  const plan = await worked
  const written = w.app.writes
  assert.ok(written < 2 * staff.length, 'all of it was written to a system that is only observed')
  assert.equal(plan.state, 'applying')
  await w.settle()
  const states = [...new Set((await w.shown(plan.id)).changes.filter((c) => c.stage === 2).map((c) => c.state))].toSorted()
  assert.deepEqual([w.app.writes, states, w.logged], [written, ['done', 'refused', 'skipped'], []])
})

test('people who cannot be settled hold up the plan, and it goes on where it was once they can', async () => {
  const w = await open(withOther)
  await w.hr(staff)
  await w.pool.query(`
    create sequence settled;
    create function refuse() returns trigger language plpgsql as $$ begin
      if nextval('settled') > 900 then raise 'out of order'; end if;
      return new;
    end $$;
    create trigger refuse before insert on desired_account for each row execute function refuse()`)
  await assert.rejects(w.plan(), /out of order/)
  const plan = await w.newest()
  const created = plan.changes.filter((c) => c.kind === 'create' && c.stage === 2 && c.state === 'done').length
  assert.equal(plan.state, 'applying')
  assert.ok(created > 0 && created <= 900, `${created} accounts were created`)
  await w.pool.query('drop trigger refuse on desired_account')
  // As the queue does with a task that failed.
  await applyPlan(w.context, plan.id, new AbortController().signal)
  await assertAllIsThere(w)
})
