/** Leavers in ten real systems: an independent probe tries what they had, before and after. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { withServers } from '../servers/install.ts'
import { ok, startLeaversWorld } from '../servers/leavers.ts'

withServers(['samba', 'slapd'], () => {
  test('ended by hand: old sessions and new sign-ins are refused in ten systems of three kinds, with a receipt', { timeout: 300_000 }, async (t) => {
    const world = await startLeaversWorld({ people: 12, leavers: 3 })
    t.after(() => world.stop())
    const { usher } = world
    const all = ['ad-a', 'ad-b', 'directory', 'l1', 'l2', 'l3', 'p1', 'p2', 'p3', 'p4']
    const probe = await world.probe(1)
    t.after(() => probe.close())
    assert.deepEqual((await probe.works()).toSorted(), all)

    const id = world.person(1)
    const { leaverId } = await ok(usher.api.POST('/api/people/{id}/end', { params: { path: { id } }, body: { note: 'left in anger' } }))
    await probe.refused(performance.now())
    const shown = await usher.cli(['leaver', 'show', leaverId!, '--follow'])
    assert.match(shown.stdout, /Gone everywhere after .* s/, shown.stdout + shown.stderr)
    assert.match(shown.stdout, /left in anger/)
    assert.deepEqual(await probe.works(), [])

    const leaver = await ok(usher.api.GET('/api/leavers/{id}', { params: { path: { id: leaverId! } } }))
    assert.deepEqual(leaver.systems.map((s) => [s.system.id, s.state]), all.map((s) => [s, 'gone']))
    const revoked = leaver.systems.find((s) => s.system.id === 'directory')!.changes
    assert.deepEqual(revoked.map((c) => [c.kind, c.state]), [['disable', 'done'], ['revoke', 'done']])

    await t.test('the receipt verifies offline, and names what was altered', async () => {
      const receipt = await usher.cli(['leaver', 'receipt', leaverId!])
      const file = path.join(usher.data, 'receipt.json')
      const key = path.join(usher.data, 'audit-key.pub')
      const verify = async (text: string) => {
        await writeFile(file, text)
        return await usher.cli(['leaver', 'verify', file, '--public-key', key])
      }
      assert.equal((await verify(receipt.stdout)).code, 0)
      assert.match((await verify(receipt.stdout)).stdout, /as it was signed: Given Surname1: Gone everywhere after/)
      const altered = JSON.parse(receipt.stdout) as { systems: { id: string; removed: { what: string }[] }[]; audit: { actor: string; position: number }[]; publicKeys: string[] }
      assert.ok(altered.audit.length >= 11, 'the audit rows of what was done')
      altered.systems.find((s) => s.id === 'p2')!.removed.pop()
      altered.audit[0]!.actor = 'somebody else'
      const found = await verify(JSON.stringify(altered))
      assert.notEqual(found.code, 0)
      assert.match(found.stdout, /System p2 was altered[\s\S]*Audit row \d+ was altered/)
      assert.match((await verify(receipt.stdout.replace(/"signature": ".{4}/, '"signature": "AAAA'))).stdout, /signature is not of a trusted key/)
      assert.match((await verify(receipt.stdout.slice(0, -40))).stdout, /no receipt, or it was cut off/)
      assert.ok((await readFile(key, 'utf8')).includes('PUBLIC KEY'))
    })

    await t.test('what the source says does not bring them back, and the metrics know', async () => {
      await world.reconcile()
      assert.deepEqual(await probe.works(), [])
      const metrics = await (await fetch(`${usher.url}/metrics`, { headers: { authorization: `Bearer ${usher.token}` } })).text()
      assert.match(metrics, /time_to_zero_seconds_count\{system="total"\} 1/)
      assert.match(metrics, /time_to_zero_seconds_count\{system="ad-a"\} 1/)
    })

    await t.test('lifted, they sign in again with the password that they had, and are in their group', async () => {
      const { planId } = await ok(usher.api.DELETE('/api/people/{id}/end', { params: { path: { id } } }))
      for (;;) {
        const plan = await ok(usher.api.GET('/api/plans/{id}', { params: { path: { id: planId! } } }))
        if (plan.state === 'applied') break
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const again = await world.probe(1)
      assert.deepEqual((await again.works()).toSorted(), all)
      await again.close()
    })
  })
})
