/** What operators deal with day by day, in the browser, on a real directory: drift, accounts of nobody, undo, stuck changes, leavers, forecasts, evidence. */
import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openStaff, type Staff } from '../engine/staff.ts'
import { assertSound, newUser, openBrowser, watchErrors } from './browser.ts'

let staff: Staff
let browser: Browser
let page: Page
let errors: string[]
const shots = process.env['SHOTS']
const shot = async (name: string): Promise<void> => { if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true }) }

async function run(): Promise<void> {
  await staff.over(await staff.startPlan())
}

before(async () => {
  staff = await openStaff(6)
  await staff.write('Clerk')
  await run()
  const dns = staff.slapd.tool('ldapsearch', ['-LLL', '-b', `ou=people,${staff.slapd.baseDn}`, '(employeeNumber=*)', 'dn']).split('\n').filter((l) => l.startsWith('dn: ')).map((l) => l.slice(4))
  // Everybody is in one of three groups; now they are in all of them.
  for (const group of ['Sales', 'Data']) {
    for (const dn of dns) {
      try {
        staff.slapd.tool('ldapmodify', [], `dn: cn=${group},ou=groups,${staff.slapd.baseDn}\nchangetype: modify\nadd: member\nmember: ${dn}\n`)
      } catch { /* It is a member already. */ }
    }
  }
  staff.slapd.tool('ldapadd', [], `dn: uid=backup,ou=people,${staff.slapd.baseDn}\nobjectClass: inetOrgPerson\nuid: backup\ncn: backup\nsn: backup\n`)
  await run()
  browser = await openBrowser()
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page = await newUser(staff.usher, context, 'Eva Editor', 'administrator')
  page.setDefaultTimeout(120_000)
  errors = watchErrors(page)
})
after(async () => {
  await browser?.close()
  await staff?.close()
})

test('what nobody granted is listed; some of it is left until a date, and stands among the exceptions', async () => {
  await page.getByRole('link', { name: 'Drift' }).first().click()
  await page.getByRole('heading', { name: 'Drift', level: 1 }).waitFor()
  await page.getByText('which nobody granted').first().waitFor()
  await assertSound(page, 'Drift')
  await shot('drift')
  await page.getByRole('checkbox', { name: /^Choose: / }).first().check()
  await page.getByRole('button', { name: 'Leave until…' }).click()
  await page.getByRole('textbox', { name: 'Why' }).fill('until the audit')
  await assertSound(page, 'Leaving drift')
  await shot('drift-leave')
  await page.getByRole('button', { name: 'Leave it' }).click()
  await page.getByText('1 thing left as it is.').waitFor()
  await page.getByRole('tab', { name: 'Exceptions' }).click()
  await page.getByText('until the audit').waitFor()
  await assertSound(page, 'Exceptions')
  await shot('exceptions')
})

test('accounts of nobody can be declared a service\'s', async () => {
  await page.getByRole('tab', { name: 'Accounts of nobody' }).click()
  await page.getByText(/uid=backup/).waitFor()
  await shot('orphans')
  await page.getByRole('button', { name: /What to do with uid=backup/ }).click()
  await page.getByRole('menuitem', { name: 'It is a service\'s…' }).click()
  await page.getByRole('combobox', { name: 'Who answers for it' }).fill('Ann')
  await page.getByRole('option').first().click()
  await assertSound(page, 'Declaring a service')
  await page.getByRole('button', { name: 'Declare it' }).click()
  await page.getByText('There is none').waitFor()
  await assertSound(page, 'Accounts of nobody')
})

test('a plan is put back from a choice, and a run is undone', async () => {
  await page.getByRole('tab', { name: 'Changed by hand' }).click()
  await page.getByRole('checkbox', { name: /^Choose: / }).first().check()
  await page.getByRole('button', { name: 'Put back' }).click()
  await page.getByRole('heading', { name: /^Plan \d+/, level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('dialog').getByText('It deletes nothing').waitFor()
  await assertSound(page, 'Undoing')
  await shot('undo')
  await page.getByRole('button', { name: 'Make the plan' }).click()
  await page.getByText('is left as it is until').first().waitFor()
  await assertSound(page, 'A plan that undoes')
  await shot('undoing')
  assert.deepEqual(errors, [])
})

test('an exception stands among the reasons of its person', async () => {
  await page.goto(`${staff.usher.url}/drift?tab=exceptions`)
  const row = page.getByRole('row').filter({ hasText: 'until the audit' })
  await row.getByRole('link').first().click()
  await page.getByText(/Decided by Eva Editor, until .*, because: until the audit/).waitFor()
  await assertSound(page, 'A person with an exception')
  await shot('excepted')
})

test('a change that the directory refuses for good is stuck in its words, and can be settled', async () => {
  // Only ASCII fits into an LDAP mail address.
  await appendFile(path.join(staff.usher.data, 'files/staff.csv'), '90,Änne,Müller,änne@example.org,Clerk,Sales,,2020-01-01\n')
  await run()
  await page.getByRole('link', { name: /^Stuck/ }).click()
  await page.getByRole('heading', { name: 'Stuck changes', level: 1 }).waitFor()
  await page.getByRole('heading', { name: /^Directory/ }).waitFor()
  await page.getByText(/“.*mail.*”/).waitFor()
  await assertSound(page, 'Stuck')
  await shot('stuck')
  await page.getByRole('button', { name: /^Settle: Create account/ }).click()
  await page.getByLabel('Note').fill('HR corrects the address')
  await page.getByRole('radio', { name: 'Not needed' }).check()
  await assertSound(page, 'Settling')
  await page.getByRole('button', { name: 'Settle', exact: true }).click()
  await page.getByRole('button', { name: /^Settle: Create account/ }).waitFor({ state: 'detached' })
})

test('a forecast shows what begins and ends until a day to come, and cannot be approved', async () => {
  const { data } = await staff.usher.api.POST('/api/people/search', { body: { search: 'Smith1', limit: 1 } })
  await staff.usher.api.POST('/api/people/{id}/grants', {
    params: { path: { id: data!.items[0]!.id } }, body: { roleId: 'finance', until: new Date(Date.now() + 864e6).toISOString(), note: 'covers for Jan' },
  })
  await page.getByRole('link', { name: /^Plans/ }).click()
  await page.getByRole('button', { name: 'Forecast…' }).click()
  await page.getByLabel('At the end of').fill(new Date(Date.now() + 20 * 864e5).toISOString().slice(0, 10))
  await assertSound(page, 'Asking for a forecast')
  await page.getByRole('button', { name: 'Show the day' }).click()
  await page.getByRole('heading', { name: /^Forecast for/, level: 1 }).waitFor()
  await page.getByRole('table', { name: 'Until then' }).getByRole('link', { name: 'Ann Smith1' }).first().waitFor()
  assert.equal(await page.getByRole('button', { name: 'Approve…' }).count(), 0)
  await assertSound(page, 'Forecast')
  await shot('forecast')
})

test('somebody is ended in a dialog, and their clock says when they were gone; the plan\'s evidence is as it was written', async () => {
  await page.getByRole('link', { name: 'People', exact: true }).click()
  await page.getByRole('link', { name: 'Ann Smith2' }).click()
  await page.getByRole('button', { name: 'End…' }).click()
  await page.getByText(/is taken away in Directory at once/).waitFor()
  await page.getByRole('textbox', { name: 'Why' }).fill('resigned')
  await assertSound(page, 'Ending somebody')
  await shot('end')
  await page.getByRole('button', { name: 'End Ann Smith2 now' }).click()
  await page.getByText(/^Gone everywhere after/).waitFor()
  await page.getByText('Disable asmith2').waitFor()
  await assertSound(page, 'A leaver')
  await shot('leaver')
  await page.getByRole('link', { name: /^Plan \d+/ }).click()
  const coming = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Evidence' }).click()
  const file = await (await coming).path()
  const verified = await staff.usher.cli(['evidence', 'verify', file])
  assert.match(verified.stdout, /Everything is as it was written/)
  await page.getByRole('link', { name: 'Leavers' }).click()
  await page.getByRole('row').filter({ hasText: 'Ann Smith2' }).getByText('Gone', { exact: true }).waitFor()
  await assertSound(page, 'Leavers')
  assert.deepEqual(errors, [])
})

test('on a narrow screen and in the dark', async () => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 390, height: 844 })
  for (const place of ['/drift', '/drift?tab=orphans', '/drift?tab=exceptions', '/stuck', '/leavers', '/settings?tab=users']) {
    await page.goto(staff.usher.url + place)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForLoadState('networkidle')
    await assertSound(page, `${place}, narrow`)
  }
})
