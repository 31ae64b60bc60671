/** The way of a new administrator through the browser: from an empty Usher to people that can say where they came from. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startUsher, type TestUsher } from '../servers/usher.ts'
import { assertSound, newUser, openBrowser, sidewaysPixels, watchErrors } from './browser.ts'

const staff = [
  'Employee ID,First name,Last name,Display name,E-mail,Manager ID,Start date,End date,Department,Job title',
  '1001,Anna,Nowak,Anna Nowak,anna.nowak@example.org,,2020-02-01,,Sales,Head of sales',
  '1002,Łukasz,Dąbrowski,Łukasz Dąbrowski,lukasz@example.org,1001,2021-05-01,,Sales,Account manager',
  '1003,Zoë,Ångström,Zoë Ångström,zoe@example.org,1001,2099-01-01,,Finance,Controller',
  '1004,Ben,Gone,Ben Gone,ben@example.org,1001,2019-01-01,2020-12-31,Finance,Controller',
  '1005,Bad,Date,Bad Date,bad@example.org,1001,31.02.2026,,Finance,Controller',
].join('\r\n')

let usher: TestUsher
let browser: Browser
let context: BrowserContext
let page: Page
let errors: string[]
let broken: string | undefined

/** One step of the way. Those after a step that failed fail at once, as they stand on it. */
function step(name: string, work: () => Promise<void>): void {
  void test(name, async () => {
    assert.equal(broken, undefined, 'an earlier step failed')
    broken = name
    await work()
    broken = undefined
  })
}

before(async () => {
  usher = await startUsher()
  await mkdir(path.join(usher.data, 'files'), { recursive: true })
  await writeFile(path.join(usher.data, 'files/staff.csv'), `${staff}\r\n`)
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  page = await newUser(usher, context, 'Eva Editor', 'administrator')
  page.setDefaultTimeout(120_000)
  errors = watchErrors(page)
})

after(async () => {
  await browser?.close()
  await usher?.stop()
})

step('a fresh Usher says what to do first', async () => {
  await page.getByRole('heading', { name: 'Your first preview, in three steps' }).waitFor()
  await assertSound(page, 'Overview, fresh')
  await page.getByRole('link', { name: 'Add a file' }).click()
  await page.getByRole('heading', { name: 'Add a system', level: 1 }).waitFor()
})

step('a file is looked into before it is added, and starts in observe', async () => {
  await page.getByLabel('Name', { exact: false }).first().fill('Staff list')
  await page.getByLabel('Path on the server').fill('staff.csv')
  await page.getByRole('button', { name: 'Look inside' }).click()
  await page.getByRole('columnheader', { name: /Employee ID/ }).waitFor()
  await assertSound(page, 'Add a system')
  await page.getByRole('button', { name: 'Add system' }).click()
  await page.getByRole('heading', { name: 'Staff list', level: 1 }).waitFor()
  const { data } = await usher.api.GET('/api/systems/{id}', { params: { path: { id: 'staff-list' } } })
  assert.equal(data?.method, 'observe')
})

step('a new job begins with the columns guessed', async () => {
  await page.getByRole('link', { name: 'New job' }).click()
  await page.getByRole('button', { name: 'Create job' }).click()
  await page.getByRole('heading', { name: 'Staff list to people', level: 1 }).waitFor()
  assert.equal(await page.getByLabel('Expression for employeeId').inputValue(), 'row["Employee ID"]')
  assert.equal(await page.getByLabel('Expression for start').inputValue(), 'date(row["Start date"])')
})

step('a wrong expression is shown at its place, and can be discarded', async () => {
  await page.getByLabel('Expression for surname').fill('upper(row["Last name"]')
  await page.getByRole('alert').first().waitFor()
  await assertSound(page, 'Job, wrong expression')
  await page.getByRole('button', { name: 'Discard' }).click()
  assert.equal(await page.getByLabel('Expression for surname').inputValue(), 'row["Last name"]')
})

step('an edit is previewed on a real row before it is saved', async () => {
  await page.getByLabel('Expression for surname').fill('upper(row["Last name"])')
  await page.getByRole('tab', { name: 'Preview' }).click()
  await page.getByText('NOWAK').first().waitFor()
  await page.getByRole('tab', { name: 'Mapping' }).click()
  await page.getByRole('button', { name: 'Discard' }).click()
})

step('a plan writes nothing until it is approved', async () => {
  await page.getByRole('button', { name: 'Plan it now' }).click()
  await page.getByRole('heading', { name: /^Plan \d+$/, level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Approve…' }).waitFor()
  await page.getByRole('link', { name: 'Anna Nowak' }).waitFor()
  await assertSound(page, 'Plan')
  const before = await usher.api.POST('/api/people/search', { body: { limit: 10, sort: 'name' } })
  assert.equal(before.data?.items.length, 0)
  await page.getByRole('button', { name: 'Approve…' }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Approve \d+ changes?$/ })
    .click()
  await page.getByText('Applied', { exact: true }).first().waitFor()
  const people = await usher.api.POST('/api/people/search', { body: { limit: 10, sort: 'name' } })
  assert.deepEqual(
    people.data?.items.map((p) => p.name).sort(),
    ['Anna Nowak', 'Ben Gone', 'Zoë Ångström', 'Łukasz Dąbrowski'].sort(),
  )
})

step('people are found by name, and the name stays out of the address', async () => {
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.getByRole('heading', { name: 'People', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'Łukasz Dąbrowski' }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('now')
  await page.getByRole('link', { name: 'Łukasz Dąbrowski' }).waitFor({ state: 'detached' })
  assert.ok(!page.url().includes('now'))
  await page.keyboard.press('Escape')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Anna Nowak', level: 1 }).waitFor()
})

step('a person says which cell a value came from', async () => {
  await page
    .getByRole('button', { name: /staff\.csv/ })
    .first()
    .waitFor()
  await assertSound(page, 'Person')
  await page.getByRole('tab', { name: 'History' }).click()
  await page.getByRole('heading', { name: 'History', level: 2 }).waitFor()
})

step('a row that cannot be used is named with its cell and what was expected', async () => {
  await page.goto(`${usher.url}/jobs/staff-list-to-people?tab=set-aside`)
  await page.getByRole('cell', { name: '31.02.2026' }).waitFor()
  await assertSound(page, 'Set aside')
})

step('the palette finds people', async () => {
  await page.keyboard.press('Control+k')
  await page.getByRole('textbox', { name: 'Find' }).fill('zoë')
  await page.getByText('Zoë Ångström').first().click()
  await page.getByRole('heading', { name: 'Zoë Ångström', level: 1 }).waitFor()
  await page.getByText('Before start').first().waitFor()
})

step('every page is sound in light and dark, wide and narrow', async () => {
  const places = [
    '/',
    '/plans',
    '/people',
    '/cases',
    '/findings',
    '/systems',
    '/systems/staff-list',
    '/systems/staff-list?tab=settings',
    '/jobs',
    '/jobs/staff-list-to-people?tab=settings',
    '/jobs/new',
    '/roles',
    '/roles/new',
    '/rules/new',
    '/audit',
    '/settings',
    '/settings?tab=users',
    '/settings?tab=tokens',
    '/settings?tab=secrets',
    '/settings?tab=revisions',
  ]
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  for (const place of places) {
    await page.goto(usher.url + place)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.waitForLoadState('networkidle')
    await assertSound(page, `${place}, light`)
    // What differs in the dark is contrast alone.
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor({ state: 'attached' })
    await assertSound(page, `${place}, dark`, ['color-contrast'])
    await page.emulateMedia({ colorScheme: 'light' })
    await page.locator('html[data-mantine-color-scheme="light"]').waitFor({ state: 'attached' })
  }
  await page.setViewportSize({ width: 375, height: 812 })
  for (const place of places) {
    await page.goto(usher.url + place)
    await page.waitForLoadState('networkidle')
    assert.equal(await sidewaysPixels(page), 0, `${place} scrolls sideways at 375 pixels`)
  }
})

step('the help desk sees people, and no way to approve or to edit', async () => {
  const other = await browser.newContext()
  const helper = await newUser(usher, other, 'Hugo Helper', 'helpdesk')
  await helper.goto(`${usher.url}/plans`)
  await helper
    .getByRole('link', { name: /^Plan \d+$/ })
    .first()
    .waitFor()
  assert.equal(await helper.getByRole('button', { name: 'Plan everything' }).count(), 0)
  assert.equal(await helper.getByRole('link', { name: 'Audit' }).count(), 0)
  await helper.goto(`${usher.url}/people`)
  await helper.getByRole('link', { name: 'Anna Nowak' }).click()
  await helper.getByRole('button', { name: 'Plan this person now' }).waitFor()
  await other.close()
})

step('signing out ends it, and a wrong password is said in words', async () => {
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(usher.url)
  await page.getByRole('link', { name: 'People', exact: true }).waitFor()
  assert.deepEqual(errors, [])
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
  await assertSound(page, 'Sign in')
  await page.getByLabel('E-mail').fill('eva.editor@example.org')
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').filter({ hasText: 'wrong' }).waitFor()
})
