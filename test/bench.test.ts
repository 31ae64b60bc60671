/** The benches run, at a size that takes seconds, and answer figures. How fast anything is, no test says. */
import assert from 'node:assert/strict'
import test from 'node:test'
import * as compareGrants from '../bench/compare-grants.ts'
import * as evaluateRules from '../bench/evaluate-rules.ts'
import * as expiries from '../bench/expiries.ts'
import * as firstPlan from '../bench/first-plan.ts'
import type { Figure } from '../bench/figure.ts'
import * as oneChange from '../bench/one-change.ts'
import * as openldapCreate from '../bench/openldap-create.ts'
import * as reconcileOpenldap from '../bench/reconcile-openldap.ts'
import * as timeToZero from '../bench/time-to-zero.ts'

const benches = {
  expiries,
  'evaluate-rules': evaluateRules, 'first-plan': firstPlan, 'one-change': oneChange, 'openldap-create': openldapCreate, 'compare-grants': compareGrants,
  'reconcile-openldap': reconcileOpenldap, 'time-to-zero': timeToZero,
}

for (const [name, bench] of Object.entries(benches)) {
  test(`${name} answers figures with their floor`, async () => {
    const figures = await bench.run(200, 1)
    assert.ok(figures.length > 0)
    for (const figure of figures) assertShape(figure)
  })
}

function assertShape(figure: Figure): void {
  assert.deepEqual(Object.keys(figure), ['name', 'value', 'unit', 'floor', 'ratio', 'limit', 'met'])
  assert.match(figure.name, /200/)
  for (const number of [figure.value, figure.floor, figure.ratio]) assert.ok(Number.isFinite(number) && number >= 0, `${figure.name}: ${number}`)
  assert.equal(typeof figure.met, 'boolean')
}
