/** What several people, or processes, do at the same moment. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pruneSnapshots } from '../../src/store/snapshot.ts'
import { appSystem, fault, unfired } from './plan-fixture.ts'
import { anna, openWorlds } from './worlds.ts'

const open = openWorlds()

test('two plans that are about the same changes are approved at the same moment: one takes the place of the other', async () => {
  const w = await open((p) => { appSystem(p).method = 'approve' })
  await w.hr(Array.from({ length: 400 }, (_, i) => ({ id: String(i + 1) })))
  const all = await w.plan()
  const { rows } = await w.pool.query<{ id: string }>('select id from person')
  const some = await w.plan({ people: rows.map((r) => r.id) })
  await Promise.all([all, some].map((plan) => w.engine.approvePlan(plan.id, plan.hash, 'ada')))
  await w.settle()
  const states = await Promise.all([all, some].map(async ({ id }) => [...new Set((await w.shown(id)).changes.filter((c) => c.stage === 2).map((c) => c.state))]))
  assert.deepEqual([states.toSorted(), w.accounts().length, w.members('sellers').length], [[['done'], ['skipped']], 400, 400])
})

test('whoever is changed by another plan while their changes are under way gets none of them until it is settled what they should have', async () => {
  const w = await open()
  // Once the batch is begun, another process has Anna move, and has not come to settle that.
  await w.pool.query(`
    create function move() returns trigger language plpgsql as $$ begin
      update person set positions = jsonb_set(positions, '{0,attributes,department}', '"None"'), changed_at = changed_at + interval '1 second', evaluated_at = null
       where positions #>> '{0,attributes,department}' = 'Sales';
      return null;
    end $$;
    create trigger move after insert on batch for each row execute function move()`)
  const plan = await w.day([anna])
  assert.deepEqual([plan.systems, plan.changes.find((c) => c.stage === 2 && c.kind === 'create')?.code, w.app.writes], [['create anna.nowak again', 'grant anna.nowak sellers again'], 'CONFLICT', 0])
  assert.deepEqual((await w.pool.query(`select from system_health where recent like '%x%'`)).rows, [], 'that is no failure of the system')
  await w.settle()
  assert.deepEqual([(await w.shown(plan.id)).systems, w.members('sellers'), w.logged], [['create anna.nowak', 'grant anna.nowak sellers refused'], [], []])
})

test('what is given to somebody while a worker is taking it from them is given again once it is taken', async () => {
  const w = await open()
  await w.day([anna])
  const personId = await w.person('1')
  w.app.faults.push(fault('revoke', 'slow', 1))
  w.app.pause = async () => {
    await w.engine.grant({ personId, entitlementId: await w.entitlement('sellers') }, 'ada')
    await w.work()
  }
  const move = await w.day([{ ...anna, department: 'Data' }])
  await w.settle()
  assert.deepEqual([unfired(w), move.systems, (await w.newest()).systems, w.members('sellers')], [[], ['revoke anna.nowak sellers'], ['grant anna.nowak sellers'], ['anna.nowak']])
})

test('a plan that PostgreSQL gives up because of others has not failed: it is computed anew', async () => {
  for (const [some, cause] of [[true, `raise exception 'deadlock detected' using errcode = '40P01'`], [false, 'perform pg_terminate_backend(pg_backend_pid())']] as const) {
    const w = await open()
    await w.day([anna])
    await w.pool.query(`
      create sequence times;
      create function give_up() returns trigger language plpgsql as $$ begin
        if nextval('times') = 1 then ${cause}; end if;
        return new;
      end $$;
      create trigger give_up before insert on plan_change for each row execute function give_up()`)
    await w.hr([{ ...anna, department: 'Data' }])
    const { planId } = some ? await w.engine.grant({ personId: await w.person('1'), entitlementId: await w.entitlement('vpn') }, 'ada')
      : await w.engine.startPlan({ cause: 'test', actor: 'ada', scope: null })
    await assert.rejects(w.work(), { name: 'error' })
    assert.equal((await w.shown(planId)).state, 'computing')
    await w.context.enqueue('compute-plan', planId)
    await w.work()
    assert.deepEqual([(await w.shown(planId)).state, w.logged], ['applied', []])
  }
})

test('old reads are cleared away by several processes at the same moment', async () => {
  const w = await open()
  for (const last of ['Nowak', 'Ek', 'Lee']) await w.day([{ ...anna, last }])
  const tables = async (): Promise<number> => (await w.pool.query(`select from pg_tables where tablename like 'snapshot_record_%'`)).rows.length
  assert.notEqual(await tables(), 0)
  await Promise.all([1, 2, 3].map(() => pruneSnapshots(w.pool, 'people', 0)))
  assert.equal(await tables(), 0)
})
