/** `npm run bench`: every figure beside its floor. `npm run bench -- NAME…` runs some of them; `--json` prints one object a line. */
import { parseArgs } from 'node:util'
import { ensureServers } from '../test/servers/install.ts'
import type { Figure } from './figure.ts'

const benches: Record<string, () => Promise<{ run(): Promise<Figure[]> }>> = {
  // First, as it watches the memory of this process.
  'csv-to-people': () => import('./csv-to-people.ts'),
  'openldap-create': () => import('./openldap-create.ts'),
  'evaluate-rules': () => import('./evaluate-rules.ts'),
  'one-change': () => import('./one-change.ts'),
  'first-plan': () => import('./first-plan.ts'),
  expiries: () => import('./expiries.ts'),
  'compare-grants': () => import('./compare-grants.ts'),
  'time-to-zero': () => import('./time-to-zero.ts'),
  'reconcile-openldap': () => import('./reconcile-openldap.ts'),
}

const { values: { json }, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true })
const unknown = positionals.filter((name) => benches[name] === undefined)
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. Known: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}

const names = positionals.length > 0 ? positionals : Object.keys(benches)
if (names.some((name) => name.includes('openldap'))) await ensureServers(['slapd'])
if (names.includes('time-to-zero')) await ensureServers(['slapd', 'samba'])
if (!json) console.log('Ours beside the floor of the same run, the best round of each.\n')
let met = true
for (const name of names) {
  const { run } = await benches[name]!()
  for (const figure of await run()) {
    console.log(json ? JSON.stringify(figure) : line(figure))
    met &&= figure.met
  }
}
process.exitCode = met ? 0 : 1

function line({ name, value, unit, floor, ratio, limit, met }: Figure): string {
  if (floor === 0) return `${met ? '✓' : '✗'} ${name.padEnd(58)} ${`${value} ${unit}`.padStart(14)}   limit ${`${limit} ${unit}`.padStart(14)}`
  return `${met ? '✓' : '✗'} ${name.padEnd(58)} ${`${value} ${unit}`.padStart(14)}   floor ${`${floor} ${unit}`.padStart(14)}   ${ratio}× (limit ${limit}×)`
}
