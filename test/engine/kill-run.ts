/** `npm run kill -- [--times 200] [--seed N]`: kills the real process at random moments of an apply, as often as is said. */
import { parseArgs } from 'node:util'
import { ensureServers } from '../servers/install.ts'
import { killWhileApplying } from './kill.ts'
import { openStaff } from './staff.ts'

const { values } = parseArgs({ options: { times: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } } })
const [times, seed] = [Number(values.times), Number(values.seed)]
if (!(times > 0) || Number.isNaN(seed)) {
  console.error('Usage: npm run kill -- [--times 200] [--seed N]')
  process.exit(2)
}

await ensureServers(['slapd', 'postgresql'])
console.log(`Seed ${seed}; the same seed aims at the same changes.`)
const staff = await openStaff(1500)
try {
  await killWhileApplying(staff, { times, seed, onKill: (kill, round, done) => console.log(`kill ${kill} of ${times}: round ${round}, after ${done} changes`) })
  await staff.usher.kill()
  await staff.assertAudit()
  console.log(`Killed ${times} times: the directory is what the staff list says, and the audit log is whole.`)
} finally {
  await staff.close()
}
